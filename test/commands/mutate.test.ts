// The decision without a cluster: every kind of input, every form of output, and what it says of both.
import assert from 'node:assert/strict';
import jsonpatch from 'fast-json-patch';
import { parse, parseAllDocuments } from 'yaml';
import { ManifestError } from '../../src/accounts/manifest.ts';
import { UsageError } from '../../src/commands/flag-values.ts';
import { asArray, asObject, type JsonObject } from '../../src/identity/json.ts';
import { createPod, createReview, roleArn } from '../admission/reviews.ts';
import { useScope } from '../kubernetes/scope.ts';
import { type MutateRun, runMutate } from './run-mutate.ts';

const account = `apiVersion: v1
kind: ServiceAccount
metadata: {name: cart, namespace: shop, annotations: {eks.amazonaws.com/role-arn: '${roleArn}'}}
`;
const tokenFile = '/var/run/secrets/eks.amazonaws.com/serviceaccount/token';
const environment = [
  { name: 'AWS_ROLE_ARN', value: roleArn },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: tokenFile },
];

const templates: Readonly<Record<string, readonly string[]>> = {
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  Job: ['spec', 'template'],
  PodTemplate: ['template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
};

/** A workload with the pod's metadata and spec at the place where its kind keeps them. */
function createWorkload(kind: string, pod: JsonObject = createPod()): JsonObject {
  const template: JsonObject = { metadata: { labels: { app: 'cart' } }, spec: pod['spec'] };
  const rest = (templates[kind] ?? []).reduceRight<JsonObject>((inner, segment) => ({ [segment]: inner }), template);
  return { apiVersion: 'apps/v1', kind, metadata: { name: `the-${kind.toLowerCase()}`, namespace: 'shop' }, ...rest };
}

function at(object: unknown, path: readonly string[]): JsonObject {
  let place = asObject(object);
  for (const segment of path) place = asObject(place?.[segment]);
  return place ?? assert.fail(`expected an object at ${path.join('/')}`);
}

function environmentOf(pod: unknown): unknown {
  const [container] = asArray(at(pod, ['spec'])['containers']) ?? [];
  return asObject(container)?.['env'];
}

/** As kubectl reads it. */
function objectsIn(yaml: string): unknown[] {
  return parseAllDocuments(yaml, { version: '1.1' }).map((document): unknown => document.toJS() as unknown);
}

describe('commands/mutate', () => {
  const scope = useScope();

  /** Runs on standard input, with the account of shop/cart in a file beside it. */
  function run(stdin: unknown, ...flags: string[]): Promise<MutateRun> {
    return runMutate(scope, ['-f', '-', '--service-accounts', '{folder}/accounts.yaml', ...flags], {
      files: { 'accounts.yaml': account },
      stdin: typeof stdin === 'string' ? stdin : JSON.stringify(stdin),
    });
  }

  describe('input', () => {
    it('a pod', async () => {
      const { output, errors } = await run(createPod());
      assert.deepEqual(environmentOf(parse(output)), environment);
      assert.equal(
        errors,
        'Pod/cart-0: injected. The pod has the identity that its service account promises. Service account: shop/cart.\n',
      );
    });

    it('a file', async () => {
      const { output } = await runMutate(scope, ['-f', '{folder}/pod.json', '--service-accounts', '{folder}/a.yaml'], {
        files: { 'pod.json': JSON.stringify(createPod()), 'a.yaml': account },
      });
      assert.deepEqual(environmentOf(parse(output)), environment);
    });

    it('a pod and its account in one manifest', async () => {
      const { output, errors } = await runMutate(scope, ['-f', '-'], {
        stdin: `${account}---\n${JSON.stringify(createPod())}`,
      });
      const [first, second] = objectsIn(output);
      assert.equal(at(first, [])['kind'], 'ServiceAccount');
      assert.deepEqual(environmentOf(second), environment);
      assert.match(errors, /^Pod\/cart-0: injected\. [^\n]*\n$/);
    });

    it('a list', async () => {
      const list = { apiVersion: 'v1', kind: 'List', items: [createPod(), createWorkload('Deployment')] };
      const { output } = await run(list);
      const [pod, deployment] = objectsIn(output);
      assert.deepEqual(environmentOf(pod), environment);
      assert.deepEqual(environmentOf(at(deployment, ['spec', 'template'])), environment);
    });

    it('every kind of workload in one file', async () => {
      const kinds = Object.keys(templates);
      const text = kinds.map((kind) => JSON.stringify(createWorkload(kind))).join('\n---\n');
      const { output, errors } = await run(text);
      const objects = objectsIn(output);
      assert.equal(objects.length, kinds.length);
      for (const [index, kind] of kinds.entries()) {
        assert.deepEqual(environmentOf(at(objects[index], templates[kind] ?? [])), environment, kind);
      }
      assert.deepEqual(
        errors.split('\n').map((line) => line.replace(/\..*/, '')),
        [...kinds.map((kind) => `${kind}/the-${kind.toLowerCase()}: injected`), ''],
      );
    });

    it('objects without a pod, which pass through', async () => {
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } };
      const { output, errors } = await run(service);
      assert.deepEqual([parse(output), errors], [service, '']);
      const broken = { apiVersion: 'apps/v1', kind: 'Deployment', spec: 'none' };
      assert.deepEqual(parse((await run(broken)).output), broken);
    });

    it('nothing, which is a slip of who pipes it', async () => {
      await assert.rejects(run('# nothing'), {
        code: 'ERR_MANIFEST',
        message: 'standard input: expected at least one object, got none',
      });
    });

    it('a list of one kind as the API has it, whose items do not name theirs', async () => {
      const { kind: _kind, apiVersion: _apiVersion, ...item } = createPod();
      const { errors } = await run({ apiVersion: 'v1', kind: 'PodList', items: [item, item] });
      assert.equal(errors.match(/^Pod\/.*: injected\./gm)?.length, 2);
    });

    it('a pod that names no account, which is that of the default one', async () => {
      const pod = createPod({ serviceAccountName: undefined });
      const stdin = `${account.replace('name: cart', 'name: default')}---\n${JSON.stringify(pod)}`;
      const { output, errors } = await runMutate(scope, ['-f', '-', '-o', 'json'], { stdin });
      assert.match(errors, /: injected\./);
      const [, written] = asArray(at(JSON.parse(output), [])['items']) ?? [];
      assert.equal('serviceAccountName' in at(written, ['spec']), false, 'what was asked for is not written');
    });

    it('a pod that names its account by the older field', async () => {
      const { errors } = await run(createPod({ serviceAccountName: undefined, serviceAccount: 'cart' }));
      assert.match(errors, /: injected\./);
    });

    it('a pod without a namespace, which is in that of --namespace, as is its account', async () => {
      const pod = { ...createPod(), metadata: { name: 'cart-0' } };
      assert.match((await run(pod)).errors, /: service_account_not_found\./);
      assert.match((await run(pod, '-n', 'shop')).errors, /: injected\./);
      const beside = { files: { 'a.yaml': account.replace(' namespace: shop,', '') }, stdin: JSON.stringify(pod) };
      const args = ['-f', '-', '-n', 'any', '--service-accounts', '{folder}/a.yaml'];
      assert.match((await runMutate(scope, args, beside)).errors, /: injected\./);
      const both = `${account.replace(' namespace: shop,', '')}---\n${JSON.stringify(pod)}`;
      assert.match((await runMutate(scope, ['-f', '-'], { stdin: both })).errors, /: injected\./);
      assert.match((await runMutate(scope, ['-f', '-', '-n', 'any'], { stdin: both })).errors, /: injected\./);
    });

    it('a Windows pod', async () => {
      const { output } = await run(createPod({ nodeSelector: { 'kubernetes.io/os': 'windows' } }));
      assert.deepEqual(environmentOf(parse(output)), [
        environment[0],
        {
          name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
          value: 'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token',
        },
      ]);
    });

    it('a pod that is injected already, which stays as it is', async () => {
      const once = (await run(createPod())).output;
      assert.equal((await run(once)).output, once);
    });

    it('flags that shape the injection', async () => {
      const { output } = await run(
        createPod(),
        '--aws-default-region=eu-west-1',
        '--sts-regional-endpoint',
        '-o',
        'json',
      );
      assert.deepEqual(environmentOf(JSON.parse(output)), [
        { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
        { name: 'AWS_DEFAULT_REGION', value: 'eu-west-1' },
        { name: 'AWS_REGION', value: 'eu-west-1' },
        ...environment,
      ]);
    });
  });

  describe('a review', () => {
    it('is decided as the webhook would, and its pod is shown', async () => {
      const { output, errors } = await run(createReview(), '-o', 'json');
      const pod: unknown = JSON.parse(output);
      assert.equal(at(pod, [])['kind'], 'Pod');
      assert.deepEqual(environmentOf(pod), environment);
      assert.match(errors, /^Pod\/cart-0: injected\./);
    });

    it('has the patch that the webhook would answer', async () => {
      const pod = JSON.parse((await run(createReview(), '-o', 'patch')).output) as unknown;
      assert.deepEqual(pod, JSON.parse((await run(createPod(), '-o', 'patch')).output));
    });

    it('is taken as it stands: its operation, its kind, its namespace and no account of another name', async () => {
      const reviews: readonly (readonly [request: JsonObject, outcome: string])[] = [
        [{ operation: 'UPDATE' }, 'operation_not_create'],
        [{ operation: 'DELETE', object: null }, 'operation_not_create'],
        [{ kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }, 'kind_not_pod'],
        [{ namespace: 'other' }, 'service_account_not_found'],
        [{ object: createPod({ serviceAccountName: undefined }) }, 'no_service_account'],
      ];
      for (const [request, outcome] of reviews) {
        const { errors } = await run(createReview(request));
        assert.match(errors, new RegExp(`: ${outcome}\\.`));
      }
    });

    it('that is none is refused, and the input named', async () => {
      await assert.rejects(run(createReview({ uid: '' })), {
        name: 'ManifestError',
        message: 'standard input: expected a text of 1 to 256 characters in the field request.uid, got none',
      });
    });
  });

  describe('output', () => {
    it('yaml, by default: a document for each object', async () => {
      const { output } = await run(`${JSON.stringify(createPod())}\n---\n${JSON.stringify(createPod())}`);
      assert.equal(output.match(/^---$/gm)?.length, 1);
      assert.equal(objectsIn(output).length, 2);
    });

    it('yaml that kubectl reads as it was written', async () => {
      const values = [
        'yes',
        'on',
        'n',
        'null',
        '~',
        '0644',
        '1e3',
        '0x1f',
        '1_000',
        '22:22',
        '2026-11-22',
        'a: b',
        '',
        ' x',
        'two\nlines',
      ];
      const pod = createPod({ containers: [{ name: 'app', args: values }] });
      const { output } = await run(pod);
      const [container] = asArray(at(objectsIn(output)[0], ['spec'])['containers']) ?? [];
      assert.deepEqual(asObject(container)?.['args'], values);
    });

    it('octal modes of the input stay the same numbers', async () => {
      const text = [
        'apiVersion: v1',
        'kind: Pod',
        'metadata: {name: p, namespace: shop}',
        'spec:',
        '  serviceAccountName: cart',
        '  containers: [{name: app}]',
        '  volumes: [{name: c, configMap: {name: c, defaultMode: 0644}}]',
      ].join('\n');
      const { output } = await run(text, '-o', 'json');
      assert.match(output, /"defaultMode": 420/);
    });

    it('json: the object, or a List of several', async () => {
      assert.equal(at(JSON.parse((await run(createPod(), '-o', 'json')).output), [])['kind'], 'Pod');
      const { output } = await run(`${JSON.stringify(createPod())}\n---\n${account}`, '--output=json');
      const list = at(JSON.parse(output), []);
      assert.deepEqual([list['kind'], asArray(list['items'])?.length], ['List', 2]);
    });

    it('patch: the operations on the object', async () => {
      for (const object of [createPod(), createWorkload('CronJob')]) {
        const { output } = await run(object, '-o', 'patch');
        const operations: unknown = JSON.parse(output);
        assert.ok(Array.isArray(operations));
        const { newDocument } = jsonpatch.applyPatch(object, operations, true, false);
        assert.deepEqual(newDocument, JSON.parse((await run(object, '-o', 'json')).output));
      }
    });

    it('patch of several: which object, what came of it, and its operations', async () => {
      const { output } = await run(
        [createPod(), createWorkload('Job', createPod({ serviceAccountName: 'other' }))]
          .map((o) => JSON.stringify(o))
          .join('\n---\n') + `\n---\n${account}`,
        '-o',
        'patch',
      );
      const patches = asArray(JSON.parse(output)) ?? [];
      assert.deepEqual(
        patches.map((patch) => ({ ...at(patch, []), operations: asArray(at(patch, [])['operations'])?.length })),
        [
          { object: 'Pod/cart-0', outcome: 'injected', operations: 4 },
          { object: 'Job/the-job', outcome: 'service_account_not_found', operations: 0 },
        ],
      );
    });

    it('diff: what is added, in the form of diff -u', async () => {
      const { output } = await run(createPod(), '-o', 'diff');
      const lines = output.split('\n');
      assert.deepEqual(
        lines.slice(0, 2).map((line) => line.replaceAll('\t', ' ')),
        ['--- Pod/cart-0 before', '+++ Pod/cart-0 after'],
      );
      assert.match(lines[2] ?? '', /^@@ -\d+,\d+ \+\d+,\d+ @@$/);
      assert.ok(lines.includes(`+        - name: AWS_ROLE_ARN`), output);
      assert.doesNotMatch(output, /^-(?!--)/m, 'nothing is taken away');
      assert.doesNotMatch(output, /^(=+|Index:.*)$/m);
      assert.ok(!output.includes('\u001B'));
    });

    it('diff of what stays as it is: nothing', async () => {
      assert.equal((await run(createPod({ serviceAccountName: 'other' }), '-o', 'diff')).output, '');
      assert.equal((await run(account, '-o', 'diff')).output, '');
    });

    it('diff in colours for a terminal', async () => {
      const { output } = await runMutate(scope, ['-f', '-', '-o', 'diff'], {
        stdin: `${account}---\n${JSON.stringify(createPod())}`,
        colours: true,
      });
      assert.match(output.replaceAll('\u001B', 'ESC'), /^ESC\[32m\+ .*ESC\[0m$/m);
      assert.match(output.replaceAll('\u001B', 'ESC'), /^ESC\[36m@@ .*ESC\[0m$/m);
      assert.match(output, /^\+\+\+ /m);
    });

    it('warnings, below the line of their object', async () => {
      const pod = {
        ...createPod(),
        metadata: { name: 'p', namespace: 'shop', annotations: { 'eks.amazonaws.com/token-expiration': 'soon' } },
      };
      const { errors } = await run(pod);
      assert.match(
        errors,
        /^Pod\/p: injected\. [^\n]*\n {2}Warning: pod annotation \S+: "soon" is not a whole number[^\n]*\n$/,
      );
    });
  });

  describe('what cannot be done', () => {
    it('no file', async () => {
      await assert.rejects(runMutate(scope, [], {}), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, 'mutate needs a manifest: -f FILE, or -f - for standard input');
        return true;
      });
    });

    it('another form of output', async () => {
      await assert.rejects(run(createPod(), '-o', 'xml'), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, '--output: expected yaml, json, patch, diff, got "xml"');
        return true;
      });
    });

    const inputs: readonly (readonly [name: string, stdin: string, message: RegExp])[] = [
      ['no YAML', 'a: [', /^standard input: /],
      ['a text', 'hello', /^standard input: expected an object in document 1, got a string$/],
    ];
    for (const [name, stdin, message] of inputs) {
      it(name, async () => {
        await assert.rejects(run(stdin), (error: unknown) => {
          assert.ok(error instanceof ManifestError);
          assert.match(error.message, message);
          return true;
        });
      });
    }

    for (const [name, args] of [
      ['a file that is not there', ['-f', '{folder}/gone.yaml']],
      ['accounts that are not there', ['-f', '-', '--service-accounts', '{folder}/gone.yaml']],
    ] as const) {
      it(name, async () => {
        await assert.rejects(runMutate(scope, args, { stdin: '' }), {
          name: 'ManifestError',
          message: /^cannot read \S+gone\.yaml: ENOENT/,
        });
      });
    }
  });
});
