/** Compressed headers: what they hold is the plain file, and damaged ones are refused before they take memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxHeaderBytes } from './convention.js';
import { readLz4, writeLz4 } from './lz4.js';
import { models, tiny } from './models.fixture.js';
import { randomNumbers, sourceOf } from '../execute/graph.fixture.js';
import { decodeModel } from './read.js';
import { expectRefused } from './refusal.fixture.js';
import type { Refusal } from './refusal.fixture.js';
import { cut, headerOf, join, joinCompact, withValue } from './surgery.fixture.js';
import { encodeModel, fileSize } from './write.js';

const text = (words: string) => new TextEncoder().encode(words);

/** As docs/format.md describes the block, sequence by sequence, without a check. */
function plainLz4(block: Uint8Array): number[] {
  const out: number[] = [];
  let rest = [...block];
  const take = (count: number) => {
    const taken = rest.slice(0, count);
    rest = rest.slice(count);
    return taken;
  };
  const size = (bits: number): number => {
    if (bits < 15) return bits;
    const more = rest.findIndex((byte) => byte !== 255) + 1;
    return 15 + take(more).reduce((a, b) => a + b);
  };
  while (rest.length > 0) {
    const [token] = take(1);
    out.push(...take(size(token >> 4)));
    if (rest.length === 0) break;
    const [low, high] = take(2);
    for (let left = 4 + size(token % 16); left > 0; left--)
      out.push(out[out.length - low - 256 * high]);
  }
  return out;
}

describe('an LZ4 block', () => {
  const words = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom('{"name":"', 'layer', '1', '2', '","op":"', 'x'.repeat(40), ']'), {
        maxLength: 300,
      })
      .map((parts) => text(parts.join(''))),
  );

  it('gives the bytes again, here and by the page', () => {
    fc.assert(
      fc.property(words, (bytes) => {
        const block = writeLz4(bytes);
        expect(readLz4(block, bytes.length)).toEqual(bytes);
        expect(plainLz4(block)).toEqual([...bytes]);
      }),
    );
  });

  it('is what LZ4 itself reads: the last match ends 5 bytes before the end, and begins 12 before', () => {
    const zeros = writeLz4(new Uint8Array(1000));
    // A literal, a match of 994 = 4 + 15 + 3 * 255 + 210 from 1 byte before, and 5 literals.
    expect([...zeros]).toEqual([0x1f, 0, 1, 0, 255, 255, 255, 210, 0x50, 0, 0, 0, 0, 0]);
    // 16 letters: 4 literals, a match of 7 = 4 + 3, 5 literals; of 15 the match would begin too late.
    const [a, b, c, d] = text('abcd');
    expect([...writeLz4(text('abcdabcdabcdabcd'))]).toEqual([
      0x43,
      a,
      b,
      c,
      d,
      4,
      0,
      0x50,
      d,
      a,
      b,
      c,
      d,
    ]);
    expect(writeLz4(text('abcdabcdabcdabc')).length).toBe(1 + 1 + 15);
  });

  it('finds what stood 65,535 bytes before, and not what stood farther', () => {
    const random = randomNumbers(7);
    const noise = (length: number) => Uint8Array.from({ length }, () => 256 * random());
    const twice = (distance: number) => {
      const bytes = noise(distance + 1000);
      bytes.copyWithin(distance, 0, 1000);
      return bytes;
    };
    for (const distance of [65_535, 65_536]) {
      const bytes = twice(distance);
      const block = writeLz4(bytes);
      expect(readLz4(block, bytes.length)).toEqual(bytes);
      expect(block.length < bytes.length).toBe(distance < 65_536);
    }
  });

  it.each<[string, number[], RegExp]>([
    ['that is empty', [], /ends in the middle of a sequence/],
    ['cut off in its literals', [0x50, 1, 2], /ends in the middle of its literals/],
    ['cut off in a size', [0xf0, 255, 255], /ends in the middle of a sequence/],
    ['cut off in an offset', [0x10, 1, 1], /ends in the middle of a sequence/],
    ['that ends with a match', [0x10, 1, 1, 0], /ends in the middle of a sequence/],
    ['with a match from nowhere', [0x10, 1, 2, 0, 0], /begins 2 bytes before byte 1/],
    ['with a match from itself', [0x10, 1, 0, 0, 0], /begins 0 bytes before byte 1/],
    ['of more than there may be', [0x1f, 1, 1, 0, 255, 255, 0, 0], /more than 100 bytes/],
  ])('%s is refused', (_, block, message) => {
    expect(() => readLz4(Uint8Array.from(block), 100)).toThrow(message);
  });
});

describe.each(models)('the compressed file of %s', (_, model) => {
  const source = model();
  const plain = encodeModel(source);
  const file = encodeModel(source, { compact: true });

  it('is a smaller one that says the same', () => {
    expect(encodeModel(decodeModel(file))).toEqual(plain);
    expect(encodeModel(decodeModel(file), { compact: true })).toEqual(file);
    expect(file.length).toBeLessThan(0.75 * plain.length);
  });

  it('holds the plain one, as docs/format.md says', () => {
    const { metadata, entries } = headerOf(file);
    expect(metadata).toEqual({ format: 'surge-bnn', version: '2', header: 'LZ4 block' });
    expect(Object.keys(entries)).toEqual(['data', 'header']);
    const { data } = cut(file);
    const header = data.subarray(...entries.header.data_offsets);
    expect(
      join(
        new TextDecoder().decode(Uint8Array.from(plainLz4(header))),
        data.subarray(...entries.data.data_offsets),
      ),
    ).toEqual(plain);
  });

  it('has the size that fileSize tells', () => {
    const { payload } = fileSize(source);
    const total = file.length;
    expect(fileSize(source, { compact: true })).toEqual({
      header: total - payload,
      payload,
      total,
    });
  });

  it('has tensors where 4 bytes are aligned', () => {
    const start = file.length - cut(file).data.length;
    for (const { dtype, bytes } of decodeModel(file).tensors.values()) {
      const size = { F32: 4, I32: 4, F16: 2, I8: 1, U8: 1 }[dtype];
      expect((bytes.byteOffset - start) % size).toBe(0);
    }
    expect(start % 8).toBe(0);
  });
});

it('a model without numbers has no data', () => {
  const source = sourceOf([2], [{ op: 'relu', attributes: {} }]);
  const file = encodeModel(source, { compact: true });
  expect(Object.keys(headerOf(file).entries)).toEqual(['header']);
  expect(decodeModel(file).graph).toEqual(source.graph);
});

describe('a compressed file', () => {
  const source = tiny();
  const file = encodeModel(source, { compact: true });
  const plain = encodeModel(source);

  /** With another text for a header. */
  function holding(header: string | Uint8Array, data = cut(plain).data): () => Uint8Array {
    return () => joinCompact(typeof header === 'string' ? writeLz4(text(header)) : header, data);
  }
  const metadata = (key: string, value: unknown) => () =>
    withValue(file, ['__metadata__', key], value);
  /** Zeros without end: each byte stands for 255. */
  const bomb = Uint8Array.from([0x1f, 0x7b, 1, 0, ...Array<number>(70_000).fill(255), 0, 0]);

  it('is refused wherever it is cut off', () => {
    for (let length = 0; length < file.length; length += 7) {
      expect(() => decodeModel(file.subarray(0, length))).toThrow(/bytes/);
    }
  });

  it('is accepted as the tests make it', () => {
    expect(holding(cut(plain).header.trimEnd())()).toEqual(file);
    expect(() => decodeModel(holding(cut(plain).header)())).not.toThrow();
  });

  it.each<Refusal>([
    ['of version 1', metadata('version', '1'), 'has the version "1"; this reader knows "2"'],
    ['of another format', metadata('format', 'pt'), 'has the format "pt"'],
    [
      'compressed otherwise',
      metadata('header', 'zlib'),
      'the header "zlib"; this reader knows "LZ4 block"',
    ],
    ['with a graph outside', metadata('graph', '{}'), 'unknown key "graph"'],
    [
      'without its header',
      () => {
        const { data } = cut(file);
        const { shape } = headerOf(file).entries.data;
        return join(
          JSON.stringify({
            __metadata__: headerOf(file).metadata,
            data: headerOf(file).entries.data,
          }),
          data.subarray(0, shape[0]),
        );
      },
      'no compressed header in it',
    ],
    [
      'with a third tensor',
      () => withRenamed('data', 'date'),
      'has the tensor "date"; allowed: data, header',
    ],
    [
      'whose header is of two axes',
      () => withValue(file, ['header', 'shape'], [headerOf(file).entries.header.shape[0], 1]),
      '"header" of a file with a compressed header is U8',
    ],
    ['whose header stands first', () => swapped(), 'stands before the data'],
    ['whose header is no block', holding(Uint8Array.of(0xf0)), 'is no LZ4 block'],
    ['whose header is a bomb', holding(bomb), `more than ${maxHeaderBytes} bytes`],
    ['whose header is no JSON', holding('hello, whoever you are'), 'does not begin with "{"'],
    ['whose header is a compressed file', holding(cut(file).header), /"data"|"header"/],
    [
      'with less data than its tensors',
      holding(cut(plain).header, new Uint8Array(3)),
      'within the 3 bytes',
    ],
    [
      'with more data than its tensors',
      holding(cut(plain).header, new Uint8Array(30)),
      'no byte may be left over',
    ],
  ])('%s is refused', (_, make, message) => expectRefused(make, message));

  function withRenamed(from: string, to: string): Uint8Array {
    const { header, data } = cut(file);
    return join(header.replace(`"${from}":`, `"${to}":`), data);
  }

  function swapped(): Uint8Array {
    const { data } = cut(file);
    const { metadata: words, entries } = headerOf(file);
    const [, at] = entries.data.data_offsets;
    const block = data.length - at;
    const moved = {
      __metadata__: words,
      header: { ...entries.header, data_offsets: [0, block] },
      data: { ...entries.data, data_offsets: [block, data.length] },
    };
    return join(
      JSON.stringify(moved),
      Uint8Array.from([...data.subarray(at), ...data.subarray(0, at)]),
    );
  }
});
