// The serving pair is swapped a hundred times while pods are created.
import { describeFileSwap } from '../cluster/file-swap.ts';

describeFileSwap({ swaps: 100 });
