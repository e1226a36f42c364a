/** What callers see of a model: inputs, outputs, refusals, the description. */
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ModelSource } from '../format/model-source.js';
import type { StoredTensor } from '../format/tensors.js';
import { ModelFileError } from '../model-file-error.js';
import {
  flagTensor,
  floatTensor,
  integerTensor,
  signTensor,
  sourceOf,
  squareWindow,
} from './graph.fixture.js';
import type { Draft } from './graph.fixture.js';
import { PackedModel } from './packed-model.js';
import { normalizePixels, pixelTable } from './pixels.js';

const relu: Draft = { op: 'relu', attributes: {} };

/** A small network of most sorts of nodes, on pictures of 4 x 4 pixels and 2 channels. */
const network = () =>
  sourceOf(
    [4, 4, 2],
    [
      {
        op: 'conv2d',
        name: 'stem',
        attributes: {
          window: squareWindow(3, 1, 1),
          filters: 5,
          groups: 1,
          padValue: 0,
          weights: 'f32',
        },
        tensors: {
          kernel: floatTensor(
            [3, 3, 2, 5],
            Array.from({ length: 90 }, (_, i) => Math.sin(i)),
          ),
        },
        layers: ['stem'],
      },
      { op: 'sign', name: 'sign', attributes: { values: 'bits' }, layers: ['conv'] },
      {
        op: 'binaryConv2d',
        name: 'conv',
        attributes: { window: squareWindow(3, 1, 1), filters: 3, groups: 1, padValue: 1 },
        tensors: {
          kernel: signTensor(
            [1, 2, 3].map((f) => Array.from({ length: 45 }, (_, i) => Math.cos(i * f))),
          ),
        },
        layers: ['conv'],
      },
      {
        op: 'threshold',
        name: 'threshold',
        attributes: { values: 'unsigned' },
        tensors: { thresholds: integerTensor([1, -3, 5]), flips: flagTensor([false, true, false]) },
        layers: ['norm', 'dense'],
      },
      { op: 'reshape', name: 'flat', attributes: { shape: [48] } },
      {
        op: 'binaryDense',
        name: 'dense',
        attributes: { units: 2 },
        tensors: {
          kernel: signTensor(
            [3, 5].map((f) => Array.from({ length: 48 }, (_, i) => Math.sin(i * f))),
          ),
        },
        layers: ['dense'],
      },
      { op: 'softmax', name: 'classes', attributes: {} },
    ],
    { pixels: { mean: [0.1, 0.2], std: [0.3, 0.7] }, classes: ['cat', 'dog'] },
  );

const picture = (count = 1) => Uint8Array.from({ length: 32 * count }, (_, i) => (i * 37) % 256);

describe('a packed model', () => {
  const model = PackedModel.from(network());

  it('tells what it takes and gives', () => {
    expect(model.inputShape).toEqual([4, 4, 2]);
    expect(model.outputShape).toEqual([2]);
    expect(model.classes).toEqual(['cat', 'dog']);
    expect(model.pixels).toEqual({ mean: [0.1, 0.2], std: [0.3, 0.7] });
    expect(model.metadata).toEqual({});
  });

  it('reads bytes as training does', () => {
    const bytes = picture(3);
    const numbers = Float32Array.from(
      bytes,
      (v, i) => (v / 255 - [0.1, 0.2][i % 2]) / [0.3, 0.7][i % 2],
    );
    expect(model.run(bytes)).toEqual(model.run(numbers));
    expect(model.run(new Uint8ClampedArray(bytes))).toEqual(model.run(numbers));
    expect(model.run(bytes)).toHaveLength(6);
  });

  it('rounds pixels once', () => {
    // What training computes, in its own words: f64 into an array of float32.
    const [mean, std] = [
      [0.1307, 0.4914, 1 / 3],
      [0.3081, 0.2023, 0.1],
    ];
    const trained = new Float32Array(768);
    for (let i = 0; i < 768; i++) {
      const channel = Math.floor(i / 256);
      trained[i] = ((i % 256) / 255 - mean[channel]) / std[channel];
    }
    expect(pixelTable({ mean, std })).toEqual(trained);
    const out = new Float32Array(6);
    normalizePixels(Uint8Array.of(9, 0, 1, 255, 3, 4, 5), 1, pixelTable({ mean, std }), out);
    expect([...out]).toEqual([0, 256 + 1, 512 + 255, 3, 256 + 4, 512 + 5].map((i) => trained[i]));
  });

  it('gives the same for an example alone, in a batch, and again', () => {
    const bytes = picture(3);
    const batch = model.run(bytes);
    const alone = [0, 1, 2].flatMap((n) => [...model.run(bytes.slice(32 * n, 32 * n + 32))]);
    expect([...batch]).toEqual(alone);
    expect(model.run(bytes)).toEqual(batch);
    const output = new Float32Array(6).fill(7);
    expect(model.run(bytes, output)).toBe(output);
    expect(output).toEqual(batch);
  });

  it('does not need the bytes that it was made from', () => {
    const source = network();
    const other = PackedModel.from(source);
    const before = other.run(picture());
    for (const { bytes } of source.tensors.values()) bytes.fill(0xff);
    expect(other.run(picture())).toEqual(before);
  });

  it('gives integers as float32', () => {
    const sums = PackedModel.from(
      sourceOf(
        [3],
        [
          { op: 'sign', attributes: { values: 'bits' } },
          {
            op: 'binaryDense',
            attributes: { units: 1 },
            tensors: { kernel: signTensor([[1, 1, 1]]) },
          },
        ],
      ),
    );
    expect(sums.run(Float32Array.of(1, 1, 1, -1, -1, 1))).toEqual(Float32Array.of(3, -1));
  });

  it.each([
    [
      'nothing',
      new Float32Array(),
      /^the input is empty: one example of input "x" has 32 numbers, \[4,4,2\]$/,
    ],
    ['half an example', new Float32Array(48), /has 48 numbers.*one example is \[4,4,2\]/],
    ['half a picture', new Uint8Array(16), /has 16 numbers/],
    [
      'a NaN at a sign',
      new Float32Array(32).fill(NaN),
      /"sign" \(sign, of layers: "conv"\) reads a NaN/,
    ],
  ])('refuses %s', (_, input, message) => {
    expect(() => model.run(input)).toThrow(ModelFileError);
    expect(() => model.run(input)).toThrow(message);
  });

  it('refuses an output of another length', () => {
    expect(() => model.run(picture(2), new Float32Array(2))).toThrow(
      'the output array has 2 numbers; allowed: 4, for 2 examples of [2]',
    );
  });

  it('refuses bytes where the file knows no pixels, and arrays of another type', () => {
    const plain = PackedModel.from(sourceOf([2], [relu]));
    expect(() => plain.run(new Uint8Array(2))).toThrow(/does not say how pixels become numbers/);
    expect(() => plain.run(untyped({ length: 2 }))).toThrow(/must be a Float32Array.* Object$/);
    expect(() => plain.run(untyped(new Float64Array(2)))).toThrow(/or a Uint8Cl.* Float64Array$/);
    expect(() => plain.run(new Float32Array(2), untyped(new Float64Array(2)))).toThrow(
      'the output array must be a Float32Array instead of Float64Array',
    );
    expect(() => plain.run(new Float32Array(2), untyped(null))).toThrow(/instead of Null/);
  });

  it('takes arrays of another realm', () => {
    const other = runInNewContext('new Float32Array([-1, 2])') as unknown;
    expect(other instanceof Float32Array).toBe(false);
    const plain = PackedModel.from(sourceOf([2], [relu]));
    expect(plain.run(untyped(other))).toEqual(Float32Array.of(0, 2));
    const output = untyped(runInNewContext('new Float32Array(2)'));
    expect([...plain.run(Float32Array.of(3, -4), output)]).toEqual([3, 0]);
  });
});

describe('from', () => {
  const affine = (a: StoredTensor) =>
    sourceOf([2], [{ op: 'affine', attributes: {}, tensors: { a } }]);

  it('refuses tensors of another size than their shape, and what is no number', () => {
    const short = { ...floatTensor([2], [1, 2]), bytes: new Uint8Array(4) };
    expect(() => PackedModel.from(affine(short))).toThrow(
      /"affine0\/a" has 4 bytes; F32 \[2\] takes 8/,
    );
    expect(() => PackedModel.from(affine(floatTensor([2], [1, NaN])))).toThrow(
      /holds NaN or an inf/,
    );
  });
});

/** From a caller without types. */
function untyped(value: unknown): Float32Array {
  return value as Float32Array;
}

describe('the description', () => {
  it('has all of it as plain data', () => {
    const description = PackedModel.from(network(), { kernels: 'reference' }).describe();
    expect(description.kernels).toBe('reference');
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    expect(description.inputs).toEqual([
      { name: 'x', type: 'f32', shape: [4, 4, 2], pixels: { mean: [0.1, 0.2], std: [0.3, 0.7] } },
    ]);
    expect(description.outputs).toEqual([{ name: 'classes', type: 'f32', shape: [2] }]);
    expect(description.nodes.map(({ op, kernel, bytes }) => [op, kernel, bytes])).toEqual([
      ['conv2d', 'float conv 3x3, f32 weights, pad 0', 360],
      ['sign', 'sign to bits', 0],
      ['binaryConv2d', 'xor-popcount 3x3, pad +1', 18],
      ['threshold', 'integer threshold to unsigned', 13],
      ['reshape', 'reshape', 0],
      ['binaryDense', 'unsigned xor-popcount dense', 12],
      ['softmax', 'softmax', 0],
    ]);
    expect(description.nodes[3]).toEqual({
      name: 'threshold',
      op: 'threshold',
      kernel: 'integer threshold to unsigned',
      layers: ['norm', 'dense'],
      inputs: [{ name: 'conv', type: 'i32', shape: [4, 4, 3] }],
      output: { name: 'threshold', type: 'unsigned', shape: [4, 4, 3] },
      bytes: 13,
    });
    // The stem's input and output.
    expect(description.activationBytes).toBe(4 * (32 + 80));
  });

  it('counts a tensor of two nodes once', () => {
    const b = floatTensor([2], [1, 2]);
    const affine: Draft = { op: 'affine', attributes: {}, tensors: { b } };
    const source = sourceOf([2], [affine, affine]);
    const [first, second] = source.graph.nodes;
    const graph = { ...source.graph, nodes: [first, { ...second, tensors: first.tensors }] };
    const tensors = new Map([...source.tensors].slice(0, 1));
    const { nodes } = PackedModel.from({ ...source, graph, tensors }).describe();
    expect(nodes.map(({ bytes }) => bytes)).toEqual([8, 0]);
  });
});

describe('memory', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('is refused with numbers before it is taken', () => {
    const source = sourceOf([2 ** 14, 2 ** 14], [relu]);
    const load = (from: ModelSource, maxMemoryBytes?: number) =>
      PackedModel.from(from, { maxMemoryBytes, kernels: 'reference' });
    expect(() => load(source)).toThrow(
      /takes 2147483648 bytes of memory: 2147483648 for the edges of one example, 0 for.*allowed: maxMemoryBytes = 1073741824/,
    );
    const small = sourceOf([4], [relu]);
    expect(() => load(small, 31)).toThrow(/takes 32 bytes/);
    expect(load(small, 32).outputShape).toEqual([4]);
    expect(() => load(small, NaN)).toThrow(/NaN/);
    expect(() => PackedModel.from(source, { kernels: 'wasm' })).toThrow(
      /takes 21\d{8} bytes of memory: 2147483648 for the edges/,
    );
  });

  it('is not taken by a run', () => {
    const model = PackedModel.from(network());
    const output = new Float32Array(4);
    const bytes = picture(2);
    let made = 0;
    const counting = {
      construct(target: new (...args: unknown[]) => object, args: unknown[]): object {
        made += 1;
        return Reflect.construct(target, args);
      },
    };
    for (const type of [ArrayBuffer, Float32Array, Float64Array, Int32Array, Uint32Array]) {
      vi.stubGlobal(type.name, new Proxy(type, counting));
    }
    model.run(bytes, output);
    expect(made).toBe(0);
    model.run(bytes);
    expect(made).toBe(1);
  });
});
