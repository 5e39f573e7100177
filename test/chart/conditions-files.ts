// The chart's files of conditions in CEL, out of the tables by which the program itself decides.
import path from 'node:path';
import { stringify } from 'yaml';
import { accountLabelKeeper } from './account-label.ts';
import { entryConditions } from './entry-conditions.ts';
import { missedPods } from './missed-pods.ts';

/** Where they are. */
export const conditionsFolder = path.join(import.meta.dirname, '../../manifests/helm/irsa-webhook/files/conditions');

/** Returns the texts by the names of the files. */
export function conditionsFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['account-label.yaml', fileOf(accountLabelKeeper())],
    ['entries.yaml', fileOf(entryConditions())],
    ['missed-pods.yaml', fileOf(missedPods())],
  ]);
}

function fileOf(content: object): string {
  const comment =
    '# Written by `npm run chart:conditions`; the chart puts its values in the place of words in capitals.\n';
  return comment + stringify(content, { lineWidth: 0, singleQuote: true });
}
