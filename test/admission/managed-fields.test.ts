// A review is read as it is but for the lists that nothing here reads.
import assert from 'node:assert/strict';
import { anything, array, assert as check, dictionary, json, oneof, property, record, string } from 'fast-check';
import { textWithoutManagedFields } from '../../src/admission/managed-fields.ts';
import { benchReview } from '../bench/review.ts';

function cut(text: string): string {
  return textWithoutManagedFields(Buffer.from(text));
}

describe('admission/managed-fields', () => {
  const rows = [
    {
      name: 'leaves the list out',
      text: '{"metadata":{"name":"a","managedFields":[{"f:metadata":{}}]},"spec":{}}',
      wanted: '{"metadata":{"name":"a"},"spec":{}}',
    },
    {
      name: 'keeps what comes behind it in the same object',
      text: '{"metadata":{"name":"a","managedFields":[],"labels":{"b":"c"}}}',
      wanted: '{"metadata":{"name":"a","labels":{"b":"c"}}}',
    },
    {
      name: 'is not misled by what its strings hold',
      text: String.raw`{"a":1,"managedFields":[{"k:{\"name\":\"]\\\\\"}":["[","\\"]}],"b":2}`,
      wanted: '{"a":1,"b":2}',
    },
    {
      name: 'does so for an object and for what it was before',
      text: '{"object":{"a":1,"managedFields":[[1],[2]]},"oldObject":{"a":0,"managedFields":[3]},"dryRun":false}',
      wanted: '{"object":{"a":1},"oldObject":{"a":0},"dryRun":false}',
    },
    {
      name: 'has whole characters around it',
      text: '{"a":"漢🦊","managedFields":[{"f:ü":{}}],"b":"🦊"}',
      wanted: '{"a":"漢🦊","b":"🦊"}',
    },
  ];
  for (const { name, text, wanted } of rows) {
    it(name, () => {
      assert.equal(cut(text), wanted);
    });
  }

  const untouched = [
    { name: 'a body without it', text: '{"metadata":{"name":"a"}}' },
    { name: 'an empty body', text: '' },
    { name: 'a text that looks like it', text: String.raw`{"a":"x,\"managedFields\":[1]","b":2}` },
    { name: 'a field of that name that is no list', text: '{"a":1,"managedFields":{"b":[1]}}' },
    { name: 'a field of a longer name', text: '{"a":1,"unmanagedFields":[1]}' },
    { name: 'a list that the API server would not write so', text: '{"a":1, "managedFields": [1]}' },
    { name: 'a list without an end', text: '{"a":1,"managedFields":[{"b":[1]}' },
    { name: 'a list that ends inside a string', text: String.raw`{"a":1,"managedFields":["\"]` },
    { name: 'a list that ends behind a backslash', text: '{"a":1,"managedFields":["\\' },
  ];
  for (const { name, text } of untouched) {
    it(`leaves ${name} as it is`, () => {
      assert.equal(cut(text), text);
    });
  }

  it('leaves out two lists at most, so that no body takes long', () => {
    const list = ',"managedFields":[1]';
    assert.equal(cut(`{"a":1${list.repeat(5)}}`), `{"a":1${list.repeat(3)}}`);
  });

  it('gives the review that there is without the lists, whatever these and the rest hold', () => {
    const hostile = oneof(string(), string({ unit: 'binary' }), json());
    const list = array(oneof(anything({ key: hostile, values: [hostile] }), hostile));
    const object = record({
      metadata: record({ annotations: dictionary(hostile, hostile), managedFields: list }),
      spec: anything({ key: hostile, values: [hostile] }),
    });
    check(
      property(object, object, ({ metadata, spec }, oldObject) => {
        const { managedFields, ...rest } = metadata;
        const { managedFields: _oldFields, ...oldRest } = oldObject.metadata;
        assert.ok(Array.isArray(managedFields));
        const text = JSON.stringify({ object: { metadata: { ...rest, managedFields }, spec }, oldObject });
        const wanted = JSON.stringify({
          object: { metadata: rest, spec },
          oldObject: { ...oldObject, metadata: oldRest },
        });
        assert.equal(cut(text), wanted);
      }),
    );
  });

  it('leaves nothing of the lists in the reviews of the benchmark', () => {
    const text = cut(JSON.stringify(benchReview()));
    assert.ok(!text.includes('managedFields'));
    assert.ok(text.includes('"containers":[{"name":"app"'));
  });
});
