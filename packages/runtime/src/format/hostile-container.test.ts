/** Files whose bytes, header or metadata somebody made to hurt: each refused with a message that says what is wrong. */
import { describe, expect, it } from 'vitest';
import { maxHeaderBytes } from './convention.js';
import { maxJsonDepth } from './json.js';
import { tiny } from './models.fixture.js';
import { expectRefused, refusal } from './refusal.fixture.js';
import type { Refusal } from './refusal.fixture.js';
import { cut, join, withGraphText, withValue } from './surgery.fixture.js';
import { encodeModel } from './write.js';

const file = encodeModel(tiny());

/** The header as text, changed by hand. */
function withHeader(change: (header: string) => string): () => Uint8Array {
  return () => {
    const { header, data } = cut(file);
    return join(change(header), data);
  };
}

function withLength(length: bigint): () => Uint8Array {
  return () => {
    const changed = file.slice();
    new DataView(changed.buffer).setBigUint64(0, length, true);
    return changed;
  };
}

const headerLength = BigInt(cut(file).header.length);
/** The first tensor of `tiny` in the data. */
const a = 'scale.a';
const b = 'scale.b';
const kernel = 'dense.kernel';

it('a file cut off anywhere', () => {
  for (let length = 0; length < file.length; length++) {
    expect(refusal(file.subarray(0, length))).toMatch(/bytes/);
  }
  expect(refusal(Uint8Array.from([...file, 0]))).toMatch('no byte may be left over');
});

describe('a container', () => {
  const entry = (name: string, key: string, value: unknown) => () =>
    withValue(file, [name, key], value);
  it.each<Refusal>([
    ['whose header is longer than the file', withLength(headerLength + 4096n), 'cut off'],
    ['whose header has 2^64 - 1 bytes', withLength(2n ** 64n - 1n), '18446744073709551615'],
    ['whose header takes the data, too', withLength(headerLength + 24n), 'not valid UTF-8'],
    ['whose header ends early', withLength(headerLength - 16n), 'not valid JSON'],
    ['whose header has an odd length', withLength(headerLength - 1n), 'a multiple of 8'],
    ['with an empty header', withLength(0n), 'does not begin with "{"'],
    ['whose header is a list', withHeader(() => '[]'), 'does not begin with "{"'],
    ['whose header begins with a space', withHeader((h) => ` ${h}`), 'does not begin with "{"'],
    ['whose header is no JSON', withHeader((h) => h.replace(':', ';')), 'not valid JSON'],
    ['with two values', withHeader((h) => `${h.trimEnd()}{}`), 'not valid JSON'],
    [
      'whose header is no UTF-8',
      () => {
        const changed = file.slice();
        changed[12] = 0xff;
        return changed;
      },
      'not valid UTF-8',
    ],
    [
      'with a tensor twice',
      withHeader((h) => h.replace(`"${b}"`, `"${a}"`)),
      `the key "${a}" stands twice`,
    ],
    [
      'with a tensor twice, once in disguise',
      withHeader((h) => h.replace(`"${b}"`, `"\\u0073cale.a" `)),
      `the key "${a}" stands twice`,
    ],
    [
      'with a type that is not ours',
      entry(a, 'dtype', 'BF16'),
      /"BF16"; allowed: F32, I32, F16, I8, U8/,
    ],
    ['with a type of every object', entry(a, 'dtype', 'constructor'), /"constructor"; allowed/],
    ['with a number for a type', entry(a, 'dtype', 32), '32; allowed'],
    ['with a shape that is no list', entry(a, 'shape', '3'), 'must be a list'],
    ['with a negative size', entry(a, 'shape', [-3]), 'allowed: integers from 0'],
    ['with a broken size', entry(a, 'shape', [1.5]), 'allowed: integers from 0'],
    ['with a size of 2^53', entry(a, 'shape', [2 ** 53]), 'allowed: integers from 0'],
    ['with no axis', entry(a, 'shape', []), '1 to 8 axes'],
    ['with an empty tensor', entry(a, 'shape', [0]), 'each positive'],
    ['with nine axes', entry(a, 'shape', [3, 1, 1, 1, 1, 1, 1, 1, 1]), '1 to 8 axes'],
    ['with a huge tensor', entry(a, 'shape', [2 ** 40]), '12 bytes, but F32 [1099511627776] takes'],
    [
      'whose product of sizes overflows',
      entry(a, 'shape', Array(8).fill(2 ** 52)),
      '12 bytes, but F32',
    ],
    [
      'whose product of sizes is 3 modulo 2^64',
      entry(a, 'shape', [3, 2 ** 32 + 1, 2 ** 32 + 1]),
      '12 bytes, but F32',
    ],
    ['with offsets that run backwards', entry(a, 'data_offsets', [12, 0]), 'allowed: [from, to]'],
    ['with three offsets', entry(a, 'data_offsets', [0, 12, 12]), 'allowed: [from, to]'],
    ['with no offsets', entry(a, 'data_offsets', []), 'allowed: [from, to]'],
    [
      'with offsets beyond the data',
      entry(kernel, 'data_offsets', [2 ** 52, 2 ** 52 + 3]),
      'within the 27 bytes',
    ],
    ['with a negative offset', entry(a, 'data_offsets', [-12, 0]), 'allowed: integers from 0'],
    ['with text for an offset', entry(a, 'data_offsets', ['0', '12']), 'allowed: integers from 0'],
    [
      'with tensors that overlap',
      entry(b, 'data_offsets', [8, 20]),
      'begins at byte 8 of the data and overlaps',
    ],
    ['with one tensor in two names', entry(b, 'data_offsets', [0, 12]), 'overlaps'],
    [
      'with a gap',
      () => {
        const { header, data } = cut(file);
        return join(header.replace('[24,27]', '[25,28]'), Uint8Array.from([...data, 0]));
      },
      'begins at byte 25 of the data and leaves a gap before it; allowed: 24',
    ],
    [
      'with fewer tensors than data',
      () => withValue(file, [kernel], undefined),
      'no byte may be left over',
    ],
    [
      'with small elements before large ones',
      () => {
        const { header, data } = cut(file);
        const moved = header
          .replace('[24,27]', '[0,3]')
          .replace('[12,24]', '[15,27]')
          .replace('[0,12]', '[3,15]');
        return join(moved, data);
      },
      'larger elements stand before smaller ones',
    ],
    ['with more than is known of a tensor', entry(a, 'strides', [1]), 'unknown key "strides"'],
    ['without a shape', entry(a, 'shape', undefined), 'has no "shape"'],
    ['whose tensor is null', () => withValue(file, [a], null), 'must be an object instead of null'],
    [
      'with a number in the metadata',
      () => withValue(file, ['__metadata__', 'x'], 1),
      'must be text',
    ],
    ['with metadata in a list', () => withValue(file, ['__metadata__'], []), 'must be an object'],
  ])('%s', (_, make, message) => expectRefused(make, message));
});

describe('metadata', () => {
  const text = (key: string, value: unknown) => () => withValue(file, ['__metadata__', key], value);
  it.each<Refusal>([
    ['absent', () => withValue(file, ['__metadata__'], undefined), 'no "format"'],
    ['of another format', text('format', 'pt'), 'the format "pt"; this reader knows "surge-bnn"'],
    [
      'of a later version',
      text('version', '5'),
      'the version "5"; this reader knows "1", "2", "3", "4"',
    ],
    ['of version 1.0', text('version', '1.0'), 'the version "1.0"; this reader knows "1"'],
    ['with other bits', text('bits', 'bit 1 is +1'), 'the bits "bit 1 is +1"; this reader knows'],
    ['without bits', text('bits', undefined), 'no "bits"'],
    ['with other padding', text('padding', 'none'), 'the padding "none"'],
    ['with an unknown key', text('license', 'MIT'), /unknown key "license"; allowed: .*graph/],
    ['with the key __proto__', text('__proto__', 'x'), 'unknown key "__proto__"'],
    ['without a graph', text('graph', undefined), 'has no "graph"'],
    ['whose graph is no JSON', text('graph', '{'), 'the graph is not valid JSON'],
    ['whose graph is a number', text('graph', '1'), 'the graph must be an object instead of 1'],
    [
      'whose training holds an infinity',
      text('training', '{"a":[{"rate":-1e999}]}'),
      'metadata "training" holds a number beyond those of f64',
    ],
    ['whose training is a list', text('training', '[]'), 'metadata "training" must be an object'],
    ['whose agreement is no JSON', text('agreement', "{'a':1}"), '"agreement" is not valid JSON'],
    [
      'whose provenance is deep',
      text('provenance', `{"a":${'['.repeat(maxJsonDepth)}${']'.repeat(maxJsonDepth)}}`),
      `nested deeper than ${maxJsonDepth}`,
    ],
    ['whose provenance has a key twice', text('provenance', '{"a":1,"a":2}'), '"a" stands twice'],
  ])('%s', (_, make, message) => expectRefused(make, message));
});

describe('a bomb:', () => {
  it.each<Refusal>([
    ['a deep header', withHeader((h) => `{"x":${'['.repeat(1e6)}${h}`), 'nested deeper'],
    ['a deep header of objects', withHeader(() => '{"x":'.repeat(1e6)), 'nested deeper'],
    [
      'a header of empty lists',
      withHeader(() => `{"x":[${'[],'.repeat(2e6)}[]]}`),
      'more than 1000000',
    ],
    ['a header of numbers', withHeader(() => `{"x":[${'1,'.repeat(4e6)}1]}`), 'more than 1000000'],
    [
      'a header beyond the limit',
      withHeader(() => `{"x":"${'x'.repeat(maxHeaderBytes)}"}`),
      'a header at most 16777216',
    ],
    [
      'a name without end',
      withHeader((h) => h.replaceAll(a, 'x'.repeat(1e6))),
      'name has 1 to 200',
    ],
    ['a deep graph', () => withGraphText(file, () => '['.repeat(1e6)), 'nested deeper'],
    [
      'a graph of empty nodes',
      () =>
        withGraphText(file, () => `{"inputs":[],"outputs":[],"nodes":[${'{},'.repeat(4e5)}{}]}`),
      'node 0 has no "name"',
    ],
    [
      'a key of escapes',
      withHeader(() => `{"${'\\u0000'.repeat(1e6)}":1}`),
      /.{0,200}must be an object/,
    ],
    ['a key of backslashes', withHeader(() => `{"${'\\\\'.repeat(1e6)}":1}`), 'must be an object'],
    ['an unfinished text', withHeader(() => `{"x":"${'\\'.repeat(999_999)}`), 'not valid JSON'],
  ])('%s', (_, make, message) => expectRefused(make, message));
});
