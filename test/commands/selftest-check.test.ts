// What counts as injected, and what is said of a pod that is not.
import assert from 'node:assert/strict';
import { checkPod, type PodCheck } from '../../src/commands/selftest/check.ts';
import { createSelftestPod } from '../../src/commands/selftest/pod.ts';
import { faultOf, formatReport, type JudgedPod } from '../../src/commands/selftest/report.ts';
import { readWarnings } from '../../src/commands/selftest/warnings.ts';
import { type Identity, parseIdentity } from '../../src/identity/identity.ts';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { defaults, identity, roleArn, settings } from '../admission/reviews.ts';
import { injected, withContainer } from './selftest-pods.ts';

function identityOf(annotations: Record<string, string>, roleOwner?: 'later'): Identity {
  const prefixed: JsonObject = Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`eks.amazonaws.com/${name}`, value] as const),
  );
  const parsed = parseIdentity(prefixed, { ...defaults, ...(roleOwner && { roleOwner }) });
  assert.ok(parsed.kind === 'identity');
  return parsed;
}

function podFor(promised: Identity): JsonObject {
  const pod = createSelftestPod({ serviceAccountName: 'cart', image: 'pause', identity: promised, settings });
  assert.ok(typeof pod === 'object');
  return pod;
}

function namesIn(pod: JsonObject): unknown[] {
  const spec = asObject(pod['spec']) ?? {};
  return [spec['initContainers'], spec['containers']].map((list) =>
    (asArray(list) ?? []).map((container) => asObject(container)?.['name']),
  );
}

function faultsIn({ containers }: PodCheck): string[][] {
  return containers.map(({ name, faults }) => [name, ...faults]);
}

function judged(answered: JsonObject, warnings: readonly string[] = []): JudgedPod {
  const check = checkPod({ sent: podFor(identity), answered, namespace: 'shop', identity, settings });
  return { namespace: 'shop', serviceAccountName: 'cart', identity, check, warnings };
}

describe('commands/selftest: the pod', () => {
  it('has an init container and a container', () => {
    assert.deepEqual(namesIn(podFor(identity)), [['selftest-init'], ['selftest']]);
  });

  for (const [what, annotations, names] of [
    ['includes', { 'role-arn': roleArn, 'include-containers': 'app,worker' }, ['app', 'worker']],
    ['names roles for', { 'container-roles': `{"app":"${roleArn}"}` }, ['app']],
  ] as const) {
    it(`has the containers that the account ${what}`, () => {
      assert.deepEqual(namesIn(podFor(identityOf(annotations))), [[], names]);
    });
  }

  it('is none where the account gives its role to no container', () => {
    const promised = identityOf({ 'role-arn': roleArn, 'include-containers': '' });
    const pod = createSelftestPod({ serviceAccountName: 'cart', image: 'pause', identity: promised, settings });
    assert.equal(pod, 'all_containers_skipped');
  });
});

describe('commands/selftest: the check', () => {
  const sent = podFor(identity);
  const check = (answered: JsonObject, promised: Identity = identity, asked = podFor(promised)): PodCheck =>
    checkPod({ sent: asked, answered, namespace: 'shop', identity: promised, settings });

  it('takes a pod with everything in each container', () => {
    const answer = check(injected(sent, identity));
    assert.equal(answer.result, 'injected');
    assert.deepEqual(answer.traces, {
      role: roleArn,
      token: { volume: 'aws-iam-token', audience: 'sts.amazonaws.com', expirationSeconds: 86_400 },
      tokenFile: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      isAny: true,
    });
  });

  for (const [what, annotations] of [
    ['an audience of its own', { audience: 'other' }],
    ['a session name and endpoints', { 'role-session-name': 'pod', 'use-fips-endpoint': 'true', region: 'eu-west-1' }],
    ['a second role', { 'target-role-arn': 'arn:aws:iam::444455556666:role/far', region: 'eu-west-1' }],
  ] as const) {
    it(`takes what the injection gives an account with ${what}`, () => {
      const promised = identityOf({ 'role-arn': roleArn, ...annotations });
      const answer = check(injected(podFor(promised), promised), promised);
      assert.deepEqual([answer.result, faultsIn(answer)], ['injected', [['selftest-init'], ['selftest']]]);
    });
  }

  it('takes the flags of the webhook that nobody told it: mount path, region, lifetime', () => {
    const others = { ...settings, mountPath: '/elsewhere', region: 'eu-west-1', spreadsTokenExpiration: true };
    assert.equal(check(injected(sent, identity, others)).result, 'injected');
  });

  it('takes the account that the webhook completes a role by its name with', () => {
    const promised = identityOf({ 'role-arn': 'team/app' }, 'later');
    const owned = promised.withOwner?.({ accountId: '444455556666', partition: 'aws-cn' });
    assert.ok(owned?.kind === 'identity');
    assert.equal(check(injected(podFor(promised), owned), promised).result, 'injected');
    const other = { ...owned, roleArn: 'arn:aws:iam::444455556666:role/other' };
    assert.equal(check(injected(podFor(promised), other), promised).result, 'other');
  });

  it('lets containers be that another webhook added, and names them', () => {
    const spec = asObject(sent['spec']) ?? {};
    const containers = [...(asArray(spec['containers']) ?? []), { name: 'proxy' }];
    const volumes = [{ name: 'mesh', projected: { sources: [{ serviceAccountToken: { audience: 'mesh' } }] } }];
    const answer = check({ ...injected({ ...sent, spec: { ...spec, volumes } }, identity) });
    assert.deepEqual([answer.result, answer.traces.token?.audience], ['injected', 'sts.amazonaws.com']);
    const added = injected(sent, identity);
    const late = {
      ...added,
      spec: {
        ...asObject(added['spec']),
        containers: [...(asArray(asObject(added['spec'])?.['containers']) ?? []), containers.at(-1)],
      },
    };
    const later = check(late);
    assert.equal(later.result, 'injected');
    assert.deepEqual(
      later.containers.map(({ name, isSent, faults }) => [name, isSent, faults.length]),
      [
        ['selftest-init', true, 0],
        ['selftest', true, 0],
        ['proxy', false, 3],
      ],
    );
  });

  it('sees a pod that nobody touched, or that others gave what is no identity', () => {
    assert.equal(check(sent).result, 'untouched');
    const spec = asObject(sent['spec']) ?? {};
    const volumes = [
      { name: 'mesh', projected: { sources: [{ serviceAccountToken: { audience: 'mesh', path: 't' } }] } },
    ];
    const meshed = { ...sent, spec: { ...spec, volumes } };
    const withRegion = withContainer(meshed, 'containers', (container) => ({
      ...container,
      env: [{ name: 'AWS_REGION', value: 'x' }],
    }));
    assert.equal(check(withRegion).result, 'untouched');
  });

  const whole = injected(sent, identity);
  for (const [what, answered, faults] of [
    [
      'the mount in one container',
      withContainer(whole, 'initContainers', (container) => ({ ...container, volumeMounts: [] })),
      [['selftest-init', 'no mount of the volume aws-iam-token'], ['selftest']],
    ],
    [
      'the variables in one container',
      withContainer(whole, 'containers', (container) => ({ ...container, env: [] })),
      [['selftest-init'], ['selftest', 'no variable AWS_ROLE_ARN', 'no variable AWS_WEB_IDENTITY_TOKEN_FILE']],
    ],
    [
      'the volume',
      { ...whole, spec: { ...asObject(whole['spec']), volumes: [] } },
      ['selftest-init', 'selftest'].map((name) => [name, 'no volume aws-iam-token with the token']),
    ],
  ] as const) {
    it(`misses ${what}`, () => {
      const answer = check(answered);
      assert.deepEqual([answer.result, faultsIn(answer)], ['other', faults]);
    });
  }

  it('does not take another role, or another audience, and says what to look at', () => {
    const otherRole = check(injected(sent, { ...identity, roleArn: `${roleArn}-2` }));
    assert.equal(otherRole.result, 'other');
    assert.match(faultsIn(otherRole).flat().join(), /set AWS_ROLE_ARN or AWS_WEB_IDENTITY_TOKEN_FILE themselves/);
    const otherAudience = check(injected(sent, { ...identity, audience: 'other' }));
    const fault = faultOf({ ...judged(sent), check: otherAudience });
    assert.equal(fault?.code, 'ERR_SELFTEST_OTHER_IDENTITY');
    assert.match(
      fault.message,
      /The token is for other, not for sts\.amazonaws\.com: is --token-audience that of the webhook\?/,
    );
  });

  it('misses a container that did not come back', () => {
    const spec = asObject(whole['spec']) ?? {};
    assert.equal(check({ ...whole, spec: { ...spec, initContainers: [] } }).result, 'other');
  });
});

describe('commands/selftest: the report', () => {
  it('has two columns, and the warnings of the API server', () => {
    assert.equal(
      formatReport(judged(injected(podFor(identity), identity), ['mind the gap'])),
      [
        'service account  shop/cart',
        `its role         ${roleArn}`,
        `role in the pod  ${roleArn}`,
        'audience         sts.amazonaws.com',
        'expiration       86400 s',
        'token            /var/run/secrets/eks.amazonaws.com/serviceaccount/token (volume aws-iam-token)',
        'container        selftest-init: injected',
        'container        selftest: injected',
        'API warning      mind the gap',
        'result           injected',
        '',
      ].join('\n'),
    );
  });

  it('shows what is missing, and the likely causes in their order', () => {
    const pod = judged(podFor(identity));
    const lines = formatReport(pod).split('\n');
    assert.ok(lines.includes('audience         none; sts.amazonaws.com was expected'));
    assert.equal(lines.at(-2), 'result           not injected');
    const { code, message } = faultOf(pod) ?? assert.fail('no fault');
    assert.equal(code, 'ERR_SELFTEST_NOT_INJECTED');
    assert.match(message, /^the pod of shop\/cart came back without an AWS identity/);
    assert.match(
      message,
      /1\. The webhook is not registered [^]*namespace shop[^]*2\. It fails open[^]*3\. The caBundle[^]*4\. It was called/,
    );
  });

  it('lets no text of others control a terminal', () => {
    const hostile = { ...judged(podFor(identity)), identity: { ...identity, roleArn: 'a\u001b[2Jb\nc' } };
    assert.match(formatReport(hostile), /its role +a\\u001b\[2Jb\\u000ac\n/);
  });

  it('reads warnings with commas, quotes and what is no warning of 299', () => {
    assert.deepEqual(readWarnings('299 - "one, \\"two\\"", 199 - "no", 299 - "three"'), ['one, "two"', 'three']);
    assert.deepEqual(readWarnings(undefined), []);
  });
});
