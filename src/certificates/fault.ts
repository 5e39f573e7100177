// What went wrong while certificates were kept, by the part of the work that failed.

/** The parts; the words of the metric. */
export const faultSteps = [
  'clock',
  'lease',
  'read_configuration',
  'read_secret',
  'sign',
  'write_configuration',
  'write_secret',
] as const;

/** One part. */
export type FaultStep = (typeof faultSteps)[number];

/** A part that failed; it is tried again. The message says what was expected and what was got, and holds no secret. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code = 'ERR_CERTIFICATE_KEEPING';
  readonly step: FaultStep;

  constructor(step: FaultStep, message: string, options?: ErrorOptions) {
    super(message, options);
    this.step = step;
  }
}

/** Returns what a promise brings, or rejects with a {@link Fault} of this part. */
export async function orFault<T>(step: FaultStep, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Fault(step, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
