// Reads a CPU profile of V8, and merges its samples into one tree of calls.
import { asArray, asObject, asString, type JsonObject } from '../../../src/identity/json.ts';

/** Where a function is: its name, its file, and the line it begins at, from 0. */
export type Frame = { readonly name: string; readonly url: string; readonly line: number };

/** A call, as often as it was seen below the same calls. */
export type Call = {
  readonly title: string;
  /** Whose function it is, for its colour. */
  readonly owner: string;
  /** Time in it and in what it called. */
  microseconds: number;
  readonly callees: Map<string, Call>;
};

/** Names a function, and says whose it is. */
export type Describe = (frame: Frame) => Pick<Call, 'owner' | 'title'>;

/**
 * Returns the calls of the last `lastMs` of a profile (the Profile of the Chrome DevTools Protocol), idle time left out.
 * Throws where the text is none.
 */
export function readCalls(text: string, lastMs: number, describe: Describe): Call {
  const profile = asObject(JSON.parse(text));
  const [nodes, samples, deltas] = ['nodes', 'samples', 'timeDeltas'].map((field) => asArray(profile?.[field]));
  if (nodes === undefined || samples === undefined || deltas === undefined) throw new Error('expected a CPU profile');
  const frames = new Map<number, Frame>();
  const callers = new Map<number, number>();
  for (const node of nodes.map((entry) => asObject(entry) ?? {})) {
    const id = Number(node['id']);
    frames.set(id, frameOf(asObject(node['callFrame']) ?? {}));
    for (const callee of asArray(node['children']) ?? []) callers.set(Number(callee), id);
  }

  const root: Call = { title: 'all', owner: 'node', microseconds: 0, callees: new Map() };
  let leftUs = lastMs * 1000;
  for (let index = samples.length - 1; index >= 0 && leftUs > 0; index -= 1) {
    const microseconds = Number(deltas[index]);
    leftUs -= microseconds;
    const stack = stackOf(Number(samples[index]), frames, callers);
    if (stack.at(-1)?.name !== '(idle)') add(root, stack, microseconds, describe);
  }
  return root;
}

function frameOf(callFrame: JsonObject): Frame {
  const [name, url] = ['functionName', 'url'].map((field) => asString(callFrame[field]) ?? '');
  return { name: name ?? '', url: url ?? '', line: Number(callFrame['lineNumber']) };
}

/** The outermost call first, without the root. */
function stackOf(
  sample: number,
  frames: ReadonlyMap<number, Frame>,
  callers: ReadonlyMap<number, number>,
): readonly Frame[] {
  const stack: Frame[] = [];
  for (let id: number | undefined = sample; id !== undefined; id = callers.get(id)) {
    const frame = frames.get(id);
    if (frame !== undefined && callers.has(id)) stack.unshift(frame);
  }
  return stack;
}

function add(root: Call, stack: readonly Frame[], microseconds: number, describe: Describe): void {
  root.microseconds += microseconds;
  let call = root;
  for (const frame of stack) {
    const described = describe(frame);
    let callee = call.callees.get(described.title);
    if (callee === undefined) {
      callee = { ...described, microseconds: 0, callees: new Map() };
      call.callees.set(described.title, callee);
    }
    callee.microseconds += microseconds;
    call = callee;
  }
}
