// The policy that keeps a label on accounts that name a role, so that others need not be held against every pod.
import { namesRole } from './annotation-conditions.ts';
import { lines, text } from './cel.ts';

/** Whatever the prefix of annotations is. */
const label = 'irsa-webhook.io/role';

/** Returns what belongs into the spec. */
export function accountLabelKeeper(): object {
  const labels = 'object.metadata.?labels.orValue({})';
  const path = text(`/metadata/labels/${label.replace('/', '~1')}`);
  return {
    matchConditions: [
      { name: 'label-is-wrong', expression: `(${namesRole('object')}) != (${text(label)} in ${labels})` },
    ],
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: lines(
            `${text(label)} in ${labels} ? [JSONPatch{op: 'remove', path: ${path}}] :`,
            `has(object.metadata.labels) ? [JSONPatch{op: 'add', path: ${path}, value: 'true'}] :`,
            `[JSONPatch{op: 'add', path: '/metadata/labels', value: {${text(label)}: 'true'}}]`,
          ),
        },
      },
    ],
  };
}
