import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchFolder } from '../../src/files/folder-watchers.ts';
import { watchFiles, type WatchOptions } from '../../src/files/watch.ts';

/** Long enough never to come in a test: what is seen is then seen by fs.watch. */
const never = 3_600_000;

describe('files/watch', () => {
  const stops: (() => unknown)[] = [];
  let folder: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'irsa-webhook-')));
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Watches and reads `read` at each change; `sees` resolves when what was read last is `text`. */
  function start(paths: readonly string[], read: string, options: WatchOptions = {}) {
    const seen: string[] = [];
    const reading = async () => seen.push(await readFile(read, 'utf8').catch(() => 'missing'));
    const watch = watchFiles(paths, async () => void (await reading()), { debounceMs: 10, pollMs: never, ...options });
    stops.push(() => watch.close());
    return {
      seen,
      close: () => watch.close(),
      async sees(text: string) {
        const deadline = performance.now() + 5_000;
        while (seen.at(-1) !== text) {
          if (performance.now() > deadline) assert.fail(`Waited five seconds for ${text}, saw ${seen.join(', ')}`);
          await sleep(5);
        }
      },
    };
  }

  /** Replaces the watched file in one step; a write in place is two changes, empty and full. */
  async function replace(text: string): Promise<void> {
    await writeFile(join(folder, '.new'), text);
    await rename(join(folder, '.new'), file());
  }

  /** Does what the kubelet's AtomicWriter does: a new folder, a link to it, the link renamed over `..data`. */
  async function swap(generation: string, text: string): Promise<void> {
    await mkdir(join(folder, `..${generation}`));
    await writeFile(join(folder, `..${generation}`, 'tls.crt'), text);
    await symlink(`..${generation}`, join(folder, '..data_tmp'));
    const previous = await realpath(join(folder, '..data')).catch(() => undefined);
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    if (previous === undefined) await symlink('..data/tls.crt', join(folder, 'tls.crt'));
    else await rm(previous, { recursive: true });
  }

  const file = () => join(folder, 'tls.crt');

  it('a write', async () => {
    await writeFile(file(), 'one');
    const watch = start([file()], file());
    await writeFile(file(), 'two');
    await watch.sees('two');
    await writeFile(file(), 'six');
    await watch.sees('six');
  });

  it('a rename into place', async () => {
    await writeFile(file(), 'one');
    const watch = start([file()], file());
    await replace('two');
    await watch.sees('two');
  });

  it('a deletion and a creation', async () => {
    await writeFile(file(), 'one');
    const watch = start([file()], file());
    await rm(file());
    await watch.sees('missing');
    await writeFile(file(), 'two');
    await watch.sees('two');
  });

  it('a file that was not there', async () => {
    const watch = start([file()], file());
    await writeFile(file(), 'one');
    await watch.sees('one');
  });

  for (const what of ['file', 'folder'] as const) {
    it(`twenty swaps of the kubelet, watching a ${what}`, async () => {
      await swap('0', 'text 0');
      let openCount = 0;
      const watch = start([what === 'file' ? file() : folder], file(), {
        watchFolder: (...parameters) => {
          openCount += 1;
          const watcher = watchFolder(...parameters);
          return {
            close() {
              openCount -= 1;
              watcher.close();
            },
          };
        },
      });
      for (let generation = 1; generation <= 20; generation += 1) {
        await swap(String(generation), `text ${generation}`);
        await watch.sees(`text ${generation}`);
      }
      assert.ok(watch.seen.length >= 20 && watch.seen.length <= 60, `${watch.seen.length} calls`);
      assert.ok(!watch.seen.includes('missing'));
      assert.ok(openCount <= 3, `${openCount} watchers left open`);
    });
  }

  it('a file added to, changed in and removed from a folder', async () => {
    const watch = start([folder], join(folder, 'b.yaml'));
    await writeFile(join(folder, 'b.yaml'), 'one');
    await watch.sees('one');
    await writeFile(join(folder, 'b.yaml'), 'two');
    await watch.sees('two');
    await rm(join(folder, 'b.yaml'));
    await watch.sees('missing');
  });

  it('a folder removed and made again, twice', async () => {
    const inner = join(folder, 'accounts');
    const watch = start([inner], join(inner, 'a.yaml'));
    for (const round of ['one', 'two']) {
      await mkdir(inner);
      await writeFile(join(inner, 'a.yaml'), round);
      await watch.sees(round);
      await rm(inner, { recursive: true });
      await watch.sees('missing');
    }
  });

  it('a folder replaced by another of the same name is watched on', async () => {
    const inner = join(folder, 'accounts');
    await mkdir(inner);
    await writeFile(join(inner, 'a.yaml'), 'one');
    const watch = start([inner], join(inner, 'a.yaml'));
    await rename(inner, join(folder, 'old'));
    await mkdir(inner);
    await writeFile(join(inner, 'a.yaml'), 'two');
    await watch.sees('two');
    // Until the look that follows a call is over: what comes now is seen only by a watcher of the new folder.
    await sleep(50);
    await writeFile(join(inner, 'a.yaml'), 'six');
    await watch.sees('six');
  });

  it('the file that a link points to, elsewhere', async () => {
    await mkdir(join(folder, 'target'));
    await mkdir(join(folder, 'links'));
    await writeFile(join(folder, 'target', 'ca.crt'), 'one');
    await symlink(join(folder, 'target', 'ca.crt'), join(folder, 'links', 'ca.crt'));
    const watch = start([join(folder, 'links', 'ca.crt')], join(folder, 'links', 'ca.crt'));
    await writeFile(join(folder, 'target', 'ca.crt'), 'two');
    await watch.sees('two');
  });

  describe('the poll sees what fs.watch does not', () => {
    const blind: readonly { name: string; watchOne: NonNullable<WatchOptions['watchFolder']> }[] = [
      {
        name: 'no watch left',
        watchOne: () => {
          throw Object.assign(new Error('no inotify watch left'), { code: 'ENOSPC' });
        },
      },
      { name: 'no events', watchOne: () => ({ close: () => undefined }) },
      {
        name: 'a watcher that fails',
        watchOne: (_folder, _onEvent, onError) => {
          setImmediate(onError);
          return { close: () => undefined };
        },
      },
    ];
    for (const { name, watchOne } of blind) {
      it(name, async () => {
        const inner = join(folder, 'not', 'yet', 'tls.crt');
        const watch = start([inner], inner, { pollMs: 20, watchFolder: watchOne });
        await mkdir(join(folder, 'not', 'yet'), { recursive: true });
        await writeFile(inner, 'one');
        await watch.sees('one');
        await rm(join(folder, 'not'), { recursive: true });
        await watch.sees('missing');
      });
    }

    it('a folder in a folder that was not there is then watched by fs.watch', async () => {
      const inner = join(folder, 'not', 'yet', 'tls.crt');
      let opened = 0;
      const watch = start([inner], inner, {
        pollMs: 20,
        watchFolder: (path) => {
          if (path === join(folder, 'not', 'yet')) opened += 1;
          return { close: () => undefined };
        },
      });
      await mkdir(join(folder, 'not', 'yet'), { recursive: true });
      await writeFile(inner, 'one');
      await watch.sees('one');
      assert.equal(opened, 1);
    });
  });

  it('opens a watcher again that failed once', async () => {
    let fail: (() => void) | undefined;
    let opened = 0;
    const watch = start([file()], file(), {
      pollMs: 20,
      watchFolder: (_folder, _onEvent, onError) => {
        opened += 1;
        fail ??= onError;
        return { close: () => undefined };
      },
    });
    fail?.();
    await writeFile(file(), 'one');
    await watch.sees('one');
    assert.equal(opened, 2);
  });

  it('an event without a change calls nobody, and many events are one call', async () => {
    await writeFile(file(), 'one');
    let emit: (() => void) | undefined;
    const watch = start([file()], file(), {
      watchFolder: (_folder, onEvent) => {
        emit = onEvent;
        return { close: () => undefined };
      },
    });
    emit?.();
    await sleep(50);
    assert.deepEqual(watch.seen, []);
    await writeFile(file(), 'two');
    for (let event = 0; event < 100; event += 1) emit?.();
    await watch.sees('two');
    assert.deepEqual(watch.seen, ['two']);
  });

  it('calls never overlap, and a change during a call is followed by a call', async () => {
    await writeFile(file(), 'text 0');
    let running = 0;
    const seen: string[] = [];
    const watch = watchFiles(
      [file()],
      async () => {
        running += 1;
        assert.equal(running, 1);
        const text = await readFile(file(), 'utf8');
        if (seen.length < 5) await writeFile(file(), `text ${seen.length + 1}`);
        // Until the events of that write have come and gone.
        await sleep(30);
        seen.push(text);
        running -= 1;
      },
      { debounceMs: 1, pollMs: never },
    );
    stops.push(() => watch.close());
    await replace('start');
    const deadline = performance.now() + 5_000;
    while (seen.length < 6 && performance.now() < deadline) await sleep(5);
    assert.deepEqual(seen, ['start', 'text 1', 'text 2', 'text 3', 'text 4', 'text 5']);
  });

  for (const [name, fail] of [
    ['throws', () => assert.fail('on purpose')],
    ['rejects', () => Promise.reject(new Error('on purpose'))],
  ] as const) {
    it(`a callback that ${name} is told to onError, and called again`, async () => {
      await writeFile(file(), 'one');
      const errors: unknown[] = [];
      const watch = watchFiles([file()], fail, { debounceMs: 1, pollMs: 10, onError: (error) => errors.push(error) });
      stops.push(() => watch.close());
      for (const count of [1, 2]) {
        await replace('x'.repeat(count));
        const deadline = performance.now() + 5_000;
        while (errors.length < count && performance.now() < deadline) await sleep(5);
        assert.equal(errors.length, count);
      }
      assert.match(String(errors[0]), /on purpose/);
    });
  }

  it('close() ends the calls', async () => {
    await writeFile(file(), 'one');
    const watch = start([file()], file(), { pollMs: 10 });
    await writeFile(file(), 'two');
    watch.close();
    watch.close();
    await sleep(100);
    assert.deepEqual(watch.seen, []);
  });
});
