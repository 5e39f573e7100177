// What is reckoned for a patch before it is made is never less than what it takes.
import assert from 'node:assert/strict';
import type { ContainerCredentials, Identity } from '../../src/identity/identity.ts';
import { grantOf } from '../../src/injection/grant.ts';
import { inject, injectEphemeral } from '../../src/injection/inject.ts';
import { estimatePatchBytes } from '../../src/injection/patch-size.ts';
import { identity, settings } from '../admission/reviews.ts';

const containers = Array.from({ length: 2_000 }, () => ({}));
const everything = {
  regionalSts: true,
  options: {
    region: 'r'.repeat(63),
    useFipsEndpoint: true,
    useDualstackEndpoint: true,
    roleSessionName: 's'.repeat(64),
  },
};
const promises: readonly (readonly [what: string, promise: Identity | ContainerCredentials])[] = [
  ['web identity', { ...identity, ...everything }],
  ['the name of a pod as session', { ...identity, options: { ...everything.options, roleSessionName: 'pod' } }],
  [
    'container credentials',
    { kind: 'container_credentials', tokenExpirationSeconds: 86_400, warnings: [], ...everything },
  ],
  ['a role for one container', { ...identity, ...everything, containerRoles: new Map([['', 'r'.repeat(500)]]) }],
];

describe('injection/patch-size', () => {
  for (const [what, promise] of promises) {
    it(`${what}: created and added containers take no more than is reckoned`, () => {
      const spec = { nodeSelector: { 'kubernetes.io/os': 'windows' } };
      const pod = { metadata: {}, spec: { ...spec, initContainers: containers } };
      const created = inject(pod, promise, settings);
      const { volumes } = firstOf(created.operations);
      const running = { metadata: {}, spec: { ...spec, volumes, ephemeralContainers: containers } };
      const added = injectEphemeral({ pod: running, oldPod: { spec: { volumes } } }, promise, settings);
      for (const [asked, { operations }] of [
        [pod, created],
        [running, added],
      ] as const) {
        const bytes = JSON.stringify(operations).length;
        const reckoned = estimatePatchBytes(asked, grantOf(promise, settings));
        assert.ok(bytes > 500 * containers.length, `got ${String(bytes)} bytes`);
        assert.ok(bytes <= reckoned, `${String(bytes)} bytes, but ${String(reckoned)} were reckoned`);
      }
    });
  }
});

function firstOf(operations: readonly { readonly path: string; readonly value: unknown }[]): { volumes: unknown } {
  return { volumes: operations.find(({ path }) => path === '/spec/volumes')?.value };
}
