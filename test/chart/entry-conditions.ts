// The conditions under which an entry of the MutatingWebhookConfiguration is sent a pod.
import { annotationNames } from '../../src/identity/annotations.ts';
import { keyOf, optOutWords } from './annotation-conditions.ts';
import { lines } from './cel.ts';

/** Returns them, in a CEL that Kubernetes 1.28 reads: it has no optional fields. */
export function entryConditions(): object[] {
  const key = keyOf(annotationNames.skipPodIdentityWebhook);
  return [
    {
      name: 'not-a-mirror-pod',
      expression: lines(
        `!has(object.metadata.annotations) ||`,
        `!('kubernetes.io/config.mirror' in object.metadata.annotations)`,
      ),
    },
    {
      name: 'not-opted-out',
      expression: lines(
        `!has(object.metadata.annotations) ||`,
        `!(${key} in object.metadata.annotations) ||`,
        `!(object.metadata.annotations[${key}] in ${optOutWords()})`,
      ),
    },
  ];
}
