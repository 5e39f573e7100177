/** Tests how requests in an audit log are held against rules. */
import assert from 'node:assert/strict';
import type { AuditEvent } from '../audit-log.ts';
import { grantedRights, type RoleObject, usedRights } from './used-rights.ts';

const role: RoleObject = {
  metadata: { name: 'role', namespace: 'space' },
  rules: [
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['one'], verbs: ['get', 'patch'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  ],
};
const clusterRole: RoleObject = {
  metadata: { name: 'role' },
  rules: [{ apiGroups: ['a.io'], resources: ['things'], verbs: ['list'] }],
};
const granted = grantedRights([role, clusterRole]);

function usedBy(verb: string, objectRef: AuditEvent['objectRef']): string[] {
  const event = { auditID: 'id', verb, requestURI: '/uri', user: { username: 'user' } };
  return [...usedRights([{ ...event, ...(objectRef && { objectRef }) }], granted)];
}

describe('rights in use', () => {
  it('are given for each verb, resource and name', () => {
    assert.deepEqual([...granted].toSorted(), [
      'create secrets * in space',
      'get secrets one in space',
      'list things.a.io * in *',
      'patch secrets one in space',
    ]);
  });

  it('are those that give what was asked for', () => {
    const secret = { resource: 'secrets', namespace: 'space', name: 'one' };
    assert.deepEqual(usedBy('get', secret), ['get secrets one in space']);
    assert.deepEqual(usedBy('create', secret), ['create secrets * in space']);
    const thing = { resource: 'things', apiGroup: 'a.io', namespace: 'anywhere' };
    assert.deepEqual(usedBy('list', thing), ['list things.a.io * in *']);
  });

  it('are told apart from what no rule gives', () => {
    const other = { resource: 'secrets', namespace: 'space', name: 'two' };
    assert.deepEqual(usedBy('get', other), ['get secrets two in space']);
    assert.deepEqual(usedBy('get', { ...other, name: 'one', namespace: 'other' }), ['get secrets one in other']);
    const subresource = { resource: 'secrets', namespace: 'space', name: 'one', subresource: 'status' };
    assert.deepEqual(usedBy('get', subresource), ['get secrets/status one in space']);
    assert.deepEqual(usedBy('get', undefined), ['get /uri']);
  });
});
