/** The serving pair is swapped while pods are created; the long form is in test/soak. */
import { describeFileSwap } from './file-swap.ts';

describeFileSwap({ swaps: 30 });
