import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelFileError } from '../model-file-error.js';
import { asObject, maxJsonDepth, parseJson, quote, writeJson } from './json.js';

const parse = (text: string) => parseJson(text, 'it');

describe('parseJson', () => {
  it('reads what JSON.parse reads, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          let expected: unknown;
          try {
            expected = JSON.parse(text);
          } catch {
            expect(() => parse(text)).toThrow(ModelFileError);
            return;
          }
          expect(parse(text)).toEqual(expected);
        },
      ),
    );
  });

  it('refuses a key that stands twice in one object, and only there', () => {
    expect(parse('{"a":{"a":["a","a",{"a":1},{"a":2}]},"b":"a"}')).toBeDefined();
    for (const text of ['{"a":1,"a":1}', '[{"b":{},"a":[{}], "b" :2}]', '{"a":1,"\\u0061":2}']) {
      expect(() => parse(text)).toThrow(/it: the key "[ab]" stands twice/);
    }
  });

  it('keeps the key __proto__ an ordinary one', () => {
    const value = parse('{"__proto__":{"x":1}}');
    expect(Object.keys(asObject(value, 'it'))).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(() => parse('{"__proto__":1,"__proto__":2}')).toThrow('stands twice');
  });

  it('refuses numbers that f64 does not hold', () => {
    expect(parse('[1.7976931348623157e308,1e-999]')).toEqual([Number.MAX_VALUE, 0]);
    for (const text of ['1e999', '[[-1e309]]', '{"a":{"b":1e400}}']) {
      expect(() => parse(text)).toThrow('it holds a number beyond those of f64');
    }
  });

  it('counts depth from the outside', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(maxJsonDepth))).toBeDefined();
    expect(() => parse(nested(maxJsonDepth + 1))).toThrow('deeper than 64');
    expect(parse(`"${'['.repeat(1000)}"`)).toBeDefined();
  });
});

describe('writeJson', () => {
  it('is read as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(parse(writeJson(value, 'it'))).toEqual(value);
      }),
    );
  });

  it('tells the zeros apart, leaves out what is undefined', () => {
    expect(writeJson({ a: -0, b: 0, c: undefined, d: [1e300, -1.5e-7] }, 'it')).toBe(
      '{"a":-0,"b":0,"d":[1e+300,-1.5e-7]}',
    );
    expect(parse('-0')).toBe(-0);
  });

  it('refuses what JSON has no word for', () => {
    for (const value of [NaN, -Infinity, 1n, Symbol('s'), [undefined], { f: () => 1 }]) {
      expect(() => writeJson(value, 'it')).toThrow(/^it holds .*no word/);
    }
    const ring: unknown[] = [];
    ring.push(ring);
    expect(() => writeJson(ring, 'it')).toThrow('deeper than 64');
  });
});

it('quote shows nothing that a terminal obeys, and no end of text', () => {
  expect(quote('a"\n\u001b[31m')).toBe('"a\\"\\n\\u001b[31m"');
  expect(quote('\u009b\u202e')).toBe('"\\u{9b}\\u{202e}"');
  expect(quote('x'.repeat(1e5)).length).toBeLessThan(110);
  expect([3, NaN, true, null, undefined, [1, 'a']].map(quote)).toEqual([
    '3',
    'NaN',
    'true',
    'null',
    'undefined',
    '[1,"a"]',
  ]);
});
