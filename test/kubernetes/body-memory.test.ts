import assert from 'node:assert/strict';
import { createBodyMemory } from '../../src/kubernetes/body-memory.ts';

const kibibyte = 1024;

function startCounting() {
  const allocated: number[] = [];
  const startBody = createBodyMemory((bytes) => {
    allocated.push(bytes);
    return Buffer.alloc(bytes, '?');
  });
  /** Collects a text in pieces of so many bytes. */
  const collect = (text: string, pieceBytes: number): string => {
    const body = startBody();
    const bytes = Buffer.from(text);
    for (let start = 0; start < bytes.length; start += pieceBytes) body.add(bytes.subarray(start, start + pieceBytes));
    const collected = body.text();
    body.release();
    return collected;
  };
  return { allocated, startBody, collect };
}

describe('kubernetes/body-memory', () => {
  it('returns the pieces as one text, also where one ends inside a character', () => {
    const { collect } = startCounting();
    const text = '{"name":"Grüße, 漢字, 🦊"}'.repeat(3);
    for (const pieceBytes of [1, 2, 3, 7, 1_000]) assert.equal(collect(text, pieceBytes), text);
    assert.equal(collect('', 1), '');
  });

  it('copies no body that comes in one piece', () => {
    const { allocated, collect } = startCounting();
    assert.equal(collect('x'.repeat(100 * kibibyte), 100 * kibibyte), 'x'.repeat(100 * kibibyte));
    assert.deepEqual(allocated, []);
  });

  it('uses its memory again, and shows nothing of what was in it', () => {
    const { allocated, collect } = startCounting();
    for (const length of [500, 40, 300, 500]) {
      const text = String(length)
        .repeat(kibibyte * length)
        .slice(0, kibibyte * length);
      assert.equal(collect(text, 16 * kibibyte), text);
    }
    assert.deepEqual(allocated, [64 * kibibyte, 128 * kibibyte, 256 * kibibyte, 512 * kibibyte]);
  });

  it('gives two bodies that come at once memory of their own, and keeps that of one', () => {
    const { allocated, startBody, collect } = startCounting();
    collect('there is memory already', 10);
    const [first, second] = [startBody(), startBody()];
    for (const letter of ['a', 'b', 'c']) {
      first.add(Buffer.from(letter));
      second.add(Buffer.from(letter.toUpperCase()));
    }
    assert.equal(first.text(), 'abc');
    first.release();
    assert.equal(second.text(), 'ABC');
    second.release();
    assert.equal(allocated.length, 2);
    assert.equal(collect('again', 1), 'again');
    assert.equal(allocated.length, 2);
  });

  it('does not keep the memory of a body that is much larger than a page, but what it had before', () => {
    const { allocated, collect } = startCounting();
    const large = 3 * 1024 * kibibyte;
    collect('x'.repeat(large), 64 * kibibyte);
    const before = allocated.length;
    collect('small', 1);
    assert.equal(allocated.length, before);
    collect('x'.repeat(large), 64 * kibibyte);
    assert.deepEqual(allocated.slice(before), [4 * 1024 * kibibyte]);
  });

  it('lets go of a body that breaks off', () => {
    const { allocated, startBody, collect } = startCounting();
    const broken = startBody();
    broken.add(Buffer.from('half'));
    broken.add(Buffer.from('of it'));
    broken.release();
    broken.release();
    assert.equal(broken.text(), '');
    assert.equal(collect('another', 2), 'another');
    assert.equal(allocated.length, 1);
  });
});
