// Accounts that follow their files: changes, broken files, files that come and go.
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileAccounts, type FileAccounts, readAccounts, type Reload } from '../../src/accounts/files.ts';
import { ManifestError } from '../../src/accounts/manifest.ts';
import { defaults, noDeadline } from '../admission/reviews.ts';
import { eventually } from '../kubernetes/eventually.ts';
import { useScope } from '../kubernetes/scope.ts';

function accountText(name: string, roleArn: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'shop', annotations: { 'eks.amazonaws.com/role-arn': roleArn } },
  });
}

/** Puts a file into place as editors do, so that half of it is never read. */
async function writeAccounts(path: string, roleArn: string): Promise<void> {
  await writeFile(`${path}.new`, accountText('cart', roleArn));
  await rename(`${path}.new`, path);
}

describe('accounts/files', () => {
  const scope = useScope();

  /** Accounts of a path, what they said of each reload, and the role that shop/cart has now. */
  async function follow(path: string): Promise<{ source: FileAccounts; reloads: Reload[]; role: () => string }> {
    const reloads: Reload[] = [];
    const source = await createFileAccounts({ path, defaults, onReload: (reload) => reloads.push(reload) });
    scope.onEnd(source.close);
    const role = (): string => {
      const answer = source.lookup({ namespace: 'shop', name: 'cart' }, noDeadline);
      assert.ok(!(answer instanceof Promise) && answer.kind !== 'container_credentials');
      return answer.kind === 'identity' ? String(answer.roleArn) : answer.reason;
    };
    return { source, reloads, role };
  }

  describe('readAccounts', () => {
    it('reads a file, whatever its name', async () => {
      const path = join(await scope.folder(), 'accounts');
      await writeFile(path, accountText('cart', 'r'));
      assert.deepEqual([...(await readAccounts({ path, defaults })).keys()], ['shop/cart']);
    });

    it('reads the YAML and JSON files of a folder in the order of their names; the last counts', async () => {
      const folder = await scope.folder();
      await writeFile(join(folder, '2.yml'), accountText('cart', 'second'));
      await writeFile(join(folder, '1.yaml'), accountText('cart', 'first'));
      await writeFile(join(folder, '10.json'), accountText('cart', 'tenth'));
      await writeFile(join(folder, 'README.md'), 'not: [read');
      await writeFile(join(folder, '.hidden.yaml'), 'not: [read');
      await writeFile(join(folder, 'old.yaml~'), 'not: [read');
      const accounts = await readAccounts({ path: folder, defaults });
      const promise = accounts.get('shop/cart');
      assert.ok(promise?.kind === 'identity');
      assert.equal(promise.roleArn, 'second');
    });

    it('reads nothing from an empty folder', async () => {
      assert.equal((await readAccounts({ path: await scope.folder(), defaults })).size, 0);
    });

    it('puts accounts without a namespace into the one that is asked for', async () => {
      const path = join(await scope.folder(), 'a.yaml');
      await writeFile(path, '{apiVersion: v1, kind: ServiceAccount, metadata: {name: cart}}');
      assert.deepEqual([...(await readAccounts({ path, defaults })).keys()], ['default/cart']);
      const inShop = await readAccounts({ path, defaults, defaultNamespace: 'shop' });
      assert.deepEqual([...inShop.keys()], ['shop/cart']);
    });

    it('names the path that is not there', async () => {
      const path = join(await scope.folder(), 'gone.yaml');
      await assert.rejects(readAccounts({ path, defaults }), {
        name: 'ManifestError',
        message: `cannot read ${path}: ENOENT: no such file or directory, stat '${path}'`,
      });
    });

    it('names the file of a folder that cannot be read', async () => {
      const folder = await scope.folder();
      await writeFile(join(folder, 'a.yaml'), accountText('cart', 'r'));
      await mkdir(join(folder, 'b.yaml'));
      await assert.rejects(readAccounts({ path: folder, defaults }), (error: unknown) => {
        assert.ok(error instanceof ManifestError);
        assert.ok(error.message.startsWith(`cannot read ${join(folder, 'b.yaml')}: EISDIR`), error.message);
        return true;
      });
    });
  });

  it('answers at once, and says so of accounts that are not there', async () => {
    const path = join(await scope.folder(), 'accounts.yaml');
    await writeAccounts(path, 'r');
    const { source, role } = await follow(path);
    assert.equal(role(), 'r');
    assert.deepEqual(source.lookup({ namespace: 'shop', name: 'gone' }, noDeadline), {
      kind: 'none',
      reason: 'service_account_not_found',
      warnings: [],
    });
    assert.deepEqual([...source.accounts().keys()], ['shop/cart']);
  });

  it('rejects where the first content cannot be read', async () => {
    const path = join(await scope.folder(), 'accounts.yaml');
    await writeFile(path, 'a: [');
    await assert.rejects(follow(path), { name: 'ManifestError' });
  });

  it('follows a change', async () => {
    const path = join(await scope.folder(), 'accounts.yaml');
    await writeAccounts(path, 'first');
    const { source, reloads, role } = await follow(path);
    await writeAccounts(path, 'second');
    await eventually('the second role', () => role() === 'second');
    await eventually('the news of it', () => reloads.length === 1);
    assert.deepEqual(reloads, [{ accounts: source.accounts() }]);
  });

  it('keeps the last good content of a broken file, says so, and follows the next good one', async () => {
    const path = join(await scope.folder(), 'accounts.yaml');
    await writeAccounts(path, 'first');
    const { reloads, role } = await follow(path);
    await writeFile(path, 'a: [');
    await eventually('the news of the broken file', () => reloads.length === 1);
    const [broken] = reloads;
    assert.ok(broken && 'error' in broken);
    assert.ok(broken.error.message.startsWith(`${path}: `), broken.error.message);
    assert.equal(role(), 'first');
    await writeAccounts(path, 'second');
    await eventually('the second role', () => role() === 'second');
  });

  it('keeps the last good content of a file that goes, and follows it when it comes again', async () => {
    const path = join(await scope.folder(), 'accounts.yaml');
    await writeAccounts(path, 'first');
    const { reloads, role } = await follow(path);
    await rm(path);
    await eventually('the news of its end', () => reloads.length === 1);
    const [gone] = reloads;
    assert.ok(gone && 'error' in gone);
    assert.match(gone.error.message, /ENOENT/);
    assert.equal(role(), 'first');
    await writeAccounts(path, 'second');
    await eventually('the second role', () => role() === 'second');
  });

  it('follows files that come into a folder, and that go from it', async () => {
    const folder = await scope.folder();
    const { role } = await follow(folder);
    assert.equal(role(), 'service_account_not_found');
    await writeAccounts(join(folder, 'a.yaml'), 'first');
    await eventually('the first role', () => role() === 'first');
    await writeAccounts(join(folder, 'b.yaml'), 'second');
    await eventually('the second role', () => role() === 'second');
    await rm(join(folder, 'b.yaml'));
    await eventually('the first role again', () => role() === 'first');
  });

  it('follows a ConfigMap volume, where the kubelet turns a link to a new folder', async () => {
    const folder = await scope.folder();
    for (const [name, role] of [
      ['one', 'first'],
      ['two', 'second'],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'accounts.yaml'), accountText('cart', role));
    }
    await symlink('one', join(folder, '..data'));
    await symlink(join('..data', 'accounts.yaml'), join(folder, 'accounts.yaml'));
    const { role } = await follow(folder);
    assert.equal(role(), 'first');
    await symlink('two', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await eventually('the second role', () => role() === 'second');
  });

  it('follows nothing any more once it is closed', async () => {
    const folder = await scope.folder();
    const [closedPath, openPath] = [join(folder, 'closed.yaml'), join(folder, 'open.yaml')];
    await writeAccounts(closedPath, 'first');
    await writeAccounts(openPath, 'first');
    const closed = await follow(closedPath);
    const open = await follow(openPath);
    closed.source.close();
    await writeAccounts(closedPath, 'second');
    await writeAccounts(openPath, 'second');
    await eventually('what is open to follow', () => open.role() === 'second');
    assert.equal(closed.role(), 'first');
    assert.deepEqual(closed.reloads, []);
  });
});
