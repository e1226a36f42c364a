/** Packed text models by themselves, against sums and products written out here: what they read, say and refuse, and the memory that they keep. */
import { describe, expect, it } from 'vitest';
import { halfValue } from '../kernels/half.js';
import type { LoadOptions } from '../execute/load-options.js';
import type { TextSource } from '../format/model-source.js';
import { smallPairs, smallPieces, smallText } from '../format/texts.fixture.js';
import { encodeText } from '../format/write.js';
import type { KernelSet } from '../program/kernel-set.js';
import { wasmKernels } from '../wasm/kernels.js';
import { ThreadPool } from '../wasm/thread-pool.js';
import { mostKeptPlans } from './body-plans.js';
import { loadText } from './load-text.js';
import { PackedText } from './packed-text.js';

const fround = Math.fround;

/** The numbers of a table, as the file's types say. */
function tableOf({ tensors }: TextSource, name: string, scale?: string): number[][] {
  const { dtype, shape, bytes } = tensors.get(name) ?? {
    dtype: 'F32',
    shape: [0, 0],
    bytes: new Uint8Array(),
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const scales = scale === undefined ? [] : flat(tensors.get(scale)?.bytes ?? new Uint8Array());
  return Array.from({ length: shape[0] }, (_, row) =>
    Array.from({ length: shape[1] }, (_, i) => {
      const at = row * shape[1] + i;
      if (dtype === 'F32') return view.getFloat32(4 * at, true);
      if (dtype === 'F16') return halfValue(view.getUint16(2 * at, true));
      return fround(view.getInt8(at) * scales[row]);
    }),
  );
}

function flat(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Of the first piece, which is all that the bodies here look at. */
function firstVector(source: TextSource, row: number): number[] {
  const { words, wordScales, places, types, typeScales } = source.plan.tensors;
  const word = tableOf(source, words, wordScales)[row];
  const place = tableOf(source, places)[0];
  const type = tableOf(source, types, typeScales)[0];
  return word.map((w, i) => fround(fround(w + type[i]) + place[i]));
}

const bitOf = (bytes: Uint8Array, i: number) => (bytes[i >> 3] >> (i & 7)) & 1;

/** smallText's body, bit by bit. */
function expectedLogits(source: TextSource): number[] {
  const tensor = (name: string) => source.tensors.get(name)?.bytes ?? new Uint8Array();
  const x = firstVector(source, smallPieces.indexOf('[CLS]'));
  const rows = (name: string, filter: number, n: number) => {
    const width = Math.ceil(n / 8);
    const own = tensor(name).subarray(filter * width, (filter + 1) * width);
    return Array.from({ length: n }, (_, i) => (bitOf(own, i) ? -1 : 1));
  };
  const inner = Array.from({ length: 10 }, (_, f) =>
    rows('inner.kernel', f, 6).reduce((sum, w, i) => sum + w * (x[i] < 0 ? -1 : 1), 0),
  );
  const limits = new Int32Array(tensor('threshold.thresholds').slice().buffer);
  const bits = inner.map((d, f) =>
    Number(d >= limits[f] !== (bitOf(tensor('threshold.flips'), f) === 1)),
  );
  const [a, b] = [flat(tensor('scale.a')), flat(tensor('scale.b'))];
  const sum = Array.from({ length: 6 }, (_, f) => {
    const d = rows('outer.kernel', f, 10).reduce((total, w, i) => total + w * bits[i], 0);
    return fround(fround(fround(a[f] * d) + b[f]) + x[f]);
  });
  const [kernel, bias] = [flat(tensor('logits.kernel')), flat(tensor('logits.bias'))];
  return [0, 1, 2].map((k) =>
    fround(
      sum.reduce((total, v, i) => total + fround(Math.tanh(v)) * kernel[3 * i + k], 0) + bias[k],
    ),
  );
}

function expectClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6));
}

const ways: [string, LoadOptions][] = [
  ['reference', { kernels: 'reference' }],
  ['wasm', { kernels: 'wasm' }],
];

describe.each(ways)('on %s', (_, options) => {
  it('classes of a sentence', () => {
    const source = smallText();
    const packed = PackedText.fromBytes(encodeText(source), options);
    const expected = expectedLogits(source);
    const said = packed.predict('The CAT, unaffable!');
    if (!('class' in said)) throw new Error('no classifier');
    expectClose(said.logits, expected);
    const powers = expected.map((v) => Math.exp(v - Math.max(...expected)));
    const total = powers.reduce((x, y) => x + y);
    expectClose(
      said.probabilities,
      powers.map((p) => p / total),
    );
    expect(said.index).toBe(expected.indexOf(Math.max(...expected)));
    expect(said.class).toBe(['bad', 'good', 'so so'][said.index]);
    expect(said).toMatchObject({ pieces: 9, cut: 0, unknown: 0 });
    expect(packed.logits('The CAT, unaffable!')).toEqual(said.logits);
    const { ids, first } = packed.encode('The CAT, unaffable!');
    expect(ids.map((id) => smallPieces[id])).toEqual([
      ...['[CLS]', 'the', 'cat', ',', 'un', '##aff', '##able', '!', '[SEP]'],
    ]);
    expect(packed.logitsOf({ ids: Int32Array.from(ids), first })).toEqual(said.logits);
  });

  it('scores of pairs, whose pieces without a row are unknown', () => {
    const source = smallPairs();
    const packed = PackedText.fromBytes(encodeText(source), options);
    const x = firstVector(source, 2);
    const powers = x.map((v) => Math.exp(v - Math.max(...x)));
    const total = powers.reduce((a, b) => a + b);
    const kernel = tableOf(source, 'score.kernel').flat();
    const score = powers.reduce((sum, p, i) => sum + fround(p / total) * kernel[i], 0);
    const said = packed.predict('你 naïve', '𠀀 cat');
    if (!('score' in said)) throw new Error('no scores');
    expect(said.score).toBeCloseTo(Math.min(5, Math.max(-1, score)), 6);
    expect(said.logits).toHaveLength(1);
    // "naïve" has the id 13 and "𠀀" 15.
    const { ids, first, unknown } = packed.encode('你 naïve', '𠀀 cat');
    expect(ids.map((id) => smallPieces[id])).toEqual([
      ...['[CLS]', '你', '[UNK]', '[SEP]', '[UNK]', 'cat', '[SEP]'],
    ]);
    expect([first, unknown]).toEqual([4, 2]);
    expect(said).toMatchObject({ pieces: 7, cut: 0, unknown: 2 });
  });

  it('says how much of a text was cut off, and reads empty ones and other scripts', () => {
    const packed = PackedText.fromBytes(encodeText(smallText()), options);
    expect(packed.predict('cat '.repeat(10_000))).toMatchObject({
      pieces: 9,
      cut: 9993,
      unknown: 0,
    });
    expect(packed.predict('')).toMatchObject({ pieces: 2, cut: 0, unknown: 0 });
    expect(packed.predict('\u0000\u200b')).toMatchObject({ pieces: 2 });
    expect(packed.predict('Привет мир 😀 __proto__')).toMatchObject({ unknown: 7, pieces: 9 });
    const pairs = PackedText.fromBytes(encodeText(smallPairs()), options);
    expect(pairs.predict('', '')).toMatchObject({ pieces: 3, cut: 0 });
    expect(pairs.predict('cat cat', 'cat '.repeat(9))).toMatchObject({ pieces: 8, cut: 6 });
  });
});

describe('what is refused', () => {
  const packed = PackedText.fromBytes(encodeText(smallText()));
  const pairs = PackedText.fromBytes(encodeText(smallPairs()));

  it.each<[string, () => unknown, string]>([
    ['no text', () => packed.predict(7 as never), 'a text is a string; got Number'],
    ['no second text', () => pairs.predict('a', null as never), 'a text is a string; got Null'],
    ['a pair', () => packed.predict('a', 'b'), 'reads one sentence at a time; got two'],
    ['a half', () => pairs.predict('a'), 'reads pairs of sentences; got one'],
    [
      'no pieces',
      () => packed.logitsOf({ ids: [], first: 0 }),
      'a text has 0 pieces; allowed: 2 to 9',
    ],
    [
      'many pieces',
      () => packed.logitsOf({ ids: Array(10).fill(5), first: 10 }),
      'allowed: 2 to 9',
    ],
    [
      'a piece that is none',
      () => packed.logitsOf({ ids: [2, 18, 3], first: 3 }),
      'piece 1 of a text has the id 18; allowed: 0 to 17',
    ],
    ['a half of a piece', () => packed.logitsOf({ ids: [2, 1.5, 3], first: 3 }), 'has the id 1.5'],
    [
      'a piece without a row',
      () => pairs.logitsOf({ ids: [2, 13, 3, 3], first: 3 }),
      'that have a row in the file',
    ],
    [
      'a second sentence',
      () => packed.logitsOf({ ids: [2, 3, 3], first: 2 }),
      "2 are the first sentence's; allowed: 3 to 3",
    ],
    ['no first sentence', () => pairs.logitsOf({ ids: [2, 3, 3], first: 0 }), 'allowed: 1 to 3'],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });

  it('a closed model', () => {
    const other = PackedText.fromBytes(encodeText(smallText()));
    other.close();
    other.close();
    expect(() => other.predict('a')).toThrow('the text model was closed');
  });

  it('numbers that overflow, with the node', () => {
    const source = smallPairs();
    // Vectors of infinities: their softmax is none.
    const view = new DataView(new ArrayBuffer(4 * 15));
    for (let i = 0; i < 15; i++) view.setFloat32(4 * i, 3e38, true);
    const scales = { dtype: 'F32', shape: [15], bytes: new Uint8Array(view.buffer) } as const;
    const huge = PackedText.from({
      ...source,
      tensors: new Map([...source.tensors, ['words.scale', scales]]),
    });
    expect(() => huge.predict('a', 'cat')).toThrow(
      'the text model overflows: logit 0 at "score" is NaN',
    );
    const sign = smallText();
    expect(() => PackedText.from(sign, { kernels: 'fast' as never })).toThrow('kernels is "fast"');
  });
});

describe('its memory', () => {
  /** Kernels, and how many memories they took and let go. */
  function counting() {
    const machines = { started: 0, closed: 0, bytes: 0 };
    const kernels: KernelSet = {
      ...wasmKernels,
      start: (bytes) => {
        const machine = wasmKernels.start(bytes);
        machines.started++;
        machines.bytes += machine.buffer.byteLength;
        return {
          ...machine,
          close: () => {
            machines.closed++;
            machines.bytes -= machine.buffer.byteLength;
          },
        };
      },
    };
    return { machines, kernels };
  }

  /** With texts of up to 200 pieces. */
  function long(): TextSource {
    const source = smallText();
    const { plan, body, tensors } = source;
    const [input] = body.inputs;
    const places = tensors.get('places');
    if (places === undefined) throw new Error('no places');
    const bytes = new Uint8Array(200 * 6 * 4);
    for (let row = 0; row < 200; row++) bytes.set(places.bytes.subarray(0, 24), 24 * row);
    const grown = body.nodes.map((node) => ({
      ...node,
      output: {
        ...node.output,
        shape: node.output.shape.length === 2 ? [200, node.output.shape[1]] : node.output.shape,
      },
    }));
    return {
      ...source,
      plan: { ...plan, maxLength: 200 },
      body: { ...body, inputs: [{ ...input, shape: [200, 6] }], nodes: grown },
      tensors: new Map([...tensors, ['places', { dtype: 'F32', shape: [200, 6], bytes }]]),
    };
  }

  it('keeps the plans of the last lengths, and no more', () => {
    const { machines, kernels } = counting();
    const packed = PackedText.from(long(), { kernels });
    const of = (pieces: number) => packed.logits('cat '.repeat(pieces - 2));
    const first = [50, 3, 200].map(of);
    expect(machines.started).toBe(3);
    expect([50, 3, 200].map(of)).toEqual(first);
    expect(machines.started).toBe(3);
    for (let pieces = 2; pieces <= 200; pieces++) of(pieces);
    expect(machines.started - machines.closed).toBeLessThanOrEqual(mostKeptPlans);
    expect(packed.describe().memoryBytes).toBe(machines.bytes);
    // Memories that are large enough were used again.
    expect(machines.started).toBeLessThan(100);
    expect([50, 3, 200].map(of)).toEqual(first);
    packed.close();
    expect(machines.closed).toBe(machines.started);
  });

  it('is no more than allowed', () => {
    const { machines, kernels } = counting();
    const source = long();
    const own = PackedText.from(source, { kernels: 'reference' }).describe().memoryBytes;
    expect(() =>
      PackedText.from(source, { kernels: 'reference', maxMemoryBytes: own - 1 }),
    ).toThrow('allowed: maxMemoryBytes = ');
    // Room for one plan alone: each length lets the one before go.
    const tight = PackedText.from(source, { kernels, maxMemoryBytes: 2 ** 17 });
    for (const pieces of [200, 199, 3, 200]) {
      tight.logits('cat '.repeat(pieces - 2));
      expect(machines.bytes).toBeLessThanOrEqual(2 ** 17);
    }
  });
});

describe('loadText', () => {
  it('takes threads, and lets them go', async () => {
    const bytes = encodeText(smallText());
    const one = await loadText(bytes);
    const two = await loadText(bytes, { threads: 2 });
    expect(two.predict('the cat')).toEqual(one.predict('the cat'));
    expect(two.describe().kernels).toBe('wasm, 2 threads');
    two.close();
    const pool = await ThreadPool.start(2);
    const shared = await loadText(bytes, { kernels: pool });
    expect(shared.predict('the cat')).toEqual(one.predict('the cat'));
    pool.close();
    await expect(loadText(bytes.subarray(0, 100))).rejects.toThrow(
      'Is it cut off, or no model file?',
    );
  });

  it('tells what is in the file', () => {
    const packed = PackedText.fromBytes(encodeText(smallPairs()));
    const { body, tables } = packed.describe();
    expect(body.map(({ op }) => op)).toEqual(['softmax', 'firstRow', 'dense']);
    const bytes = [...smallPairs().tensors].reduce((sum, [, one]) => sum + one.bytes.length, 0);
    const told = [...body, ...tables].reduce((sum, one) => sum + one.bytes, 0);
    expect(told).toBe(bytes);
    expect(tables.map(({ name, dtype }) => `${name} ${dtype}`)).toEqual([
      ...['vocabulary U8', 'words I8', 'places F16', 'types I8'],
    ]);
    expect(packed.range).toEqual({ least: -1, most: 5 });
    expect(packed.classes).toBeUndefined();
  });
});
