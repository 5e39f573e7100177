// Events as the API server takes them, and what becomes of one that it does not take.
import assert from 'node:assert/strict';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { createEventWriter, type EventWriterOptions } from '../../src/kubernetes/events.ts';
import type { ApiResponse } from '../../src/kubernetes/transport.ts';

const subject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'eks',
  name: 'pod-identity-webhook',
  uid: 'u-1',
  resourceVersion: '7',
};
const text = { type: 'Warning', reason: 'RoleMapRefused', message: 'refused' } as const;
const created: ApiResponse = { status: 201, headers: {}, body: '{}' };
const broken = new KubernetesError('ERR_KUBERNETES_CONNECTION', 'broken');
const statusOf = (status: number, reason: string): ApiResponse => ({
  status,
  headers: {},
  body: JSON.stringify({ kind: 'Status', reason, message: `because of ${reason}` }),
});

const now = (): Date => new Date('2026-11-24T10:00:00.123Z');

/** A writer to an API server that answers so, one answer a call, and what it was sent. */
function start(...answers: (ApiResponse | Error)[]) {
  const posts: { path: string; body: Record<string, unknown> }[] = [];
  const post: EventWriterOptions['api']['post'] = async (path, body) => {
    posts.push({ path, body: { ...body } });
    const answer = answers.shift() ?? assert.fail('one post too many');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const write = createEventWriter({
    api: { post },
    component: 'irsa-webhook',
    instance: 'pod-1',
    now,
    unique: () => 'x',
  });
  return { write, posts };
}

describe('kubernetes/events', () => {
  it('have the form of those of client-go', async () => {
    const { write, posts } = start(created);
    assert.equal(await write(subject, text), undefined);
    assert.deepEqual(posts, [
      {
        path: '/api/v1/namespaces/eks/events',
        body: {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: 'irsa-webhook.x', namespace: 'eks' },
          involvedObject: subject,
          type: 'Warning',
          reason: 'RoleMapRefused',
          message: 'refused',
          source: { component: 'irsa-webhook' },
          reportingComponent: 'irsa-webhook',
          reportingInstance: 'pod-1',
          firstTimestamp: '2026-11-24T10:00:00Z',
          lastTimestamp: '2026-11-24T10:00:00Z',
          count: 1,
        },
      },
    ]);
  });

  for (const [message, bytes] of [
    ['a'.repeat(1024), 1024],
    ['a'.repeat(1025), 1024],
    ['\u{1f511}'.repeat(300), 1023],
    [`a${'é'.repeat(600)}`, 1024],
  ] as const) {
    it(`are cut to 1 KiB, never inside a character: ${message.slice(0, 2)}...`, async () => {
      const { write, posts } = start(created);
      await write(subject, { ...text, message });
      const sent = String(posts[0]?.body['message']);
      assert.equal(Buffer.byteLength(sent), bytes);
      assert.ok(sent === message || (sent.endsWith('...') && message.startsWith(sent.slice(0, -3))));
    });
  }

  for (const [what, answers, failure] of [
    ['a 403', [statusOf(403, 'Forbidden')], '403: because of Forbidden'],
    [
      'an answer that is none of the API server',
      [{ status: 200, headers: {}, body: 'hello' }],
      '200: no message that could be read',
    ],
    ['no time left', [new KubernetesError('ERR_KUBERNETES_TIMEOUT', 'late')], 'late'],
    ['two broken connections', [broken, broken], 'broken'],
    ['another conflict', [statusOf(409, 'Conflict')], '409: because of Conflict'],
    ['a broken connection before the event', [broken, created], undefined],
    ['a broken connection after it', [broken, statusOf(409, 'AlreadyExists')], undefined],
  ] as const) {
    it(`${failure === undefined ? 'are written' : 'are not written, and it says why'}: ${what}`, async () => {
      const { write, posts } = start(...answers);
      assert.equal(await write(subject, text), failure);
      assert.equal(posts.length, answers.length);
    });
  }
});
