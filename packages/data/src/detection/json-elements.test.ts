import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonElements } from './json-elements.js';

const walk = (text: string) => [...jsonElements(Buffer.from(text), 'x.json')];

describe('jsonElements', () => {
  it('yields what JSON.parse has, for any object and any blanks', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue())),
        fc.constantFrom(undefined, 1, '\t'),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          const parsed = JSON.parse(text) as Record<string, unknown>;
          const expected = Object.entries(parsed).flatMap(([key, value]) =>
            Array.isArray(value)
              ? value.map((one: unknown, index) => ({ key, index, value: one }))
              : [],
          );
          expect(walk(text).map(({ key, index, value }) => ({ key, index, value }))).toEqual(
            expected,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('counts lines, also those within values that are passed over', () => {
    const text = '{\n"a": {"x":\n[1,\n2]},\n"b": [\n1, {\n"y": 2\n},\n3]\n}';
    expect(walk(text).map(({ value, line }) => [value, line])).toEqual([
      [1, 6],
      [{ y: 2 }, 6],
      [3, 9],
    ]);
  });

  it.each([
    ['', /x\.json, line 1: broken JSON: an object is missing/],
    ['[1]', /an object is missing/],
    ['{"a": [1, 2', /line 1: broken JSON: "," or "\]" in a is missing/],
    ['{"a": [\n1,\n]}', /line 3: broken JSON: a value is missing/],
    ['{"a": [{"b": 1]}]}', /line 1: broken JSON: Expected/],
    ['{"a": "open', /a text does not end/],
    ['{"a": [tru]}', /line 1: broken JSON: Unexpected/],
    ['{"a" [1]}', /":" behind "a" is missing/],
    ['{1: [1]}', /a key in quotes is missing/],
    ['{"a": [1]} x', /text behind the end/],
    ['{"a": [1],', /a value is missing/],
    ['{"a": {"b": 1', /a value is missing or does not end/],
  ])('refuses %j', (text, message) => {
    expect(() => walk(text)).toThrow(message);
  });
});
