// Goes on with an answer that may be at hand or on its way.
import type { Answer } from './lookup.ts';

/** Returns what `change` makes of the answer: at once where it is at hand, else as a promise that never rejects either. */
export function whenAnswered(
  answer: Answer | Promise<Answer>,
  change: (answer: Answer) => Answer,
): Answer | Promise<Answer> {
  return answer instanceof Promise ? answer.then(change) : change(answer);
}
