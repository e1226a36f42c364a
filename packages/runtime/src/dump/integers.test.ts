/** A dump alone, read by loops that share no code with the runtime, gives the packed model's outputs bit for bit. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flagTensor,
  floatTensor,
  halfTensor,
  int8Tensor,
  integerTensor,
  readOut,
  signTensor,
  sourceOf,
  squareWindow,
} from '../execute/graph.fixture.js';
import { everyModel } from '../execute/every-model.fixture.js';
import { PackedModel } from '../execute/packed-model.js';
import type { ModelSource } from '../format/model-source.js';
import { documented, models } from '../format/models.fixture.js';
import { decodeModel } from '../format/read.js';
import { encodeModel } from '../format/write.js';
import { ModelFileError } from '../model-file-error.js';
import { opTable } from '../ops/table.js';
import type { IntegerDump } from './integer-dump.js';
import { dumpIntegers } from './integers.js';
import { integersJson } from './integers-json.js';
import { interpret, pixelNumbers } from './interpreter.fixture.js';
import { drawModel } from './random-model.fixture.js';

/** As a stranger has it: read from JSON. */
function throughJson(dump: IntegerDump): IntegerDump {
  return JSON.parse([...integersJson(dump)].join('')) as IntegerDump;
}

/** Bits of float32 numbers, all NaNs as one. */
function bitsOf(values: ArrayLike<number>): number[] {
  const view = new DataView(new ArrayBuffer(4));
  return Array.from(values, (value) => {
    view.setFloat32(0, value);
    return Number.isNaN(value) ? NaN : view.getUint32(0);
  });
}

function expectSame(source: ModelSource, x: Float32Array): void {
  const dump = throughJson(dumpIntegers(source));
  const expected = everyModel(source).run(x);
  expect(bitsOf(interpret(dump, [...x]))).toEqual(bitsOf(expected));
}

/** Numbers of both signs, with zeros. */
function example(source: ModelSource, seed: number): Float32Array {
  const count = source.graph.inputs[0].shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, (_, i) => ((i * 37 + seed * 11) % 17) / 4 - 2);
}

describe('an interpreter of the dump computes what the model computes', () => {
  it.each([...models, ['documented', documented] as const])('%s', (_, model) => {
    for (let seed = 0; seed < 5; seed++) expectSame(model(), example(model(), seed));
  });

  it('a trained network, converted, on pictures', () => {
    const path = new URL('../../../../examples/c-reader/digits.bnn', import.meta.url);
    const file = new Uint8Array(readFileSync(path));
    const model = PackedModel.fromBytes(file);
    const dump = throughJson(dumpIntegers(file));
    for (let seed = 0; seed < 3; seed++) {
      // A stroke of another place and slope each time.
      const bytes = Uint8Array.from({ length: 784 }, (_, i) => {
        const [row, column] = [Math.floor(i / 28), i % 28];
        const far = Math.abs(column - 10 - 3 * seed - ((row * seed) % 28) / 3);
        return row < 4 || row > 23 ? 0 : Math.max(0, 255 - 90 * Math.floor(far));
      });
      const outputs = interpret(dump, pixelNumbers(dump, bytes));
      expect(bitsOf(outputs)).toEqual(bitsOf(model.run(bytes)));
      expect(new Set(outputs).size).toBe(10);
    }
  });

  it('models of all ops by chance', () => {
    const ops = new Set<string>();
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const { source, x } = drawModel(draw);
        for (const { op } of source.graph.nodes) ops.add(op);
        expectSame(source, x);
      }),
      { numRuns: 400 },
    );
    expect([...ops].sort()).toEqual(Object.keys(opTable).sort());
  });
});

describe('a dump', () => {
  const source = sourceOf(
    [1, 2, 2],
    [
      {
        op: 'conv2d',
        name: 'stem',
        attributes: {
          window: squareWindow(1),
          filters: 3,
          groups: 1,
          padValue: 0,
          weights: 'f16',
        },
        // Halves 1, 2, 0.5 for the first channel, -1, -0 and the least number for the second.
        tensors: {
          kernel: halfTensor([1, 1, 2, 3], [0x3c00, 0x4000, 0x3800, 0xbc00, 0x8000, 1]),
          bias: floatTensor([3], [0.1, -0, 3]),
        },
        layers: ['conv', 'norm'],
      },
      { op: 'sign', name: 'signs', attributes: { values: 'bits' } },
      {
        op: 'binaryConv2d',
        name: 'conv',
        attributes: {
          window: { ...squareWindow(1), size: [1, 2] },
          filters: 2,
          groups: 1,
          padValue: 0,
        },
        tensors: {
          kernel: signTensor([
            [1, -1, 1, 1, 1, -1],
            [-1, -1, 1, -1, 1, 1],
          ]),
        },
      },
      {
        op: 'threshold',
        name: 'threshold',
        attributes: { values: 'unsigned' },
        tensors: { thresholds: integerTensor([-2, 2 ** 31 - 1]), flips: flagTensor([false, true]) },
      },
      { ...readOut(2), name: 'sums' },
    ],
    { classes: ['cat', 'dog'], pixels: { mean: [0.5, 0], std: [0.25, 1] } },
  );
  const dump = dumpIntegers(source);

  it('has everything as plain arrays, kernels filter by filter', () => {
    expect(dump.format).toBe('surge-bnn integers');
    expect(dump.version).toBe('1');
    expect(dump.input).toEqual({
      name: 'x',
      shape: [1, 2, 2],
      pixels: { mean: [0.5, 0], std: [0.25, 1] },
    });
    expect(dump.output).toBe('sums');
    expect(dump.classes).toEqual(['cat', 'dog']);
    expect(dump.nodes.map(({ op }) => op)).toEqual(source.graph.nodes.map(({ op }) => op));
    expect(dump.nodes[0]).toEqual({
      name: 'stem',
      op: 'conv2d',
      inputs: [{ name: 'x', type: 'f32', shape: [1, 2, 2] }],
      attributes: source.graph.nodes[0].attributes,
      tensors: {
        kernel: { shape: [3, 1, 1, 2], values: [1, -1, 2, -0, 0.5, 2 ** -24] },
        bias: [Math.fround(0.1), -0, 3],
      },
      output: { type: 'f32', shape: [1, 2, 3] },
      layers: ['conv', 'norm'],
    });
    expect(dump.nodes.slice(1).map(({ tensors }) => tensors)).toEqual([
      {},
      { kernel: { shape: [2, 1, 2, 3], values: [1, -1, 1, 1, 1, -1, -1, -1, 1, -1, 1, 1] } },
      { thresholds: [-2, 2 ** 31 - 1], flips: [0, 1] },
      { kernel: { shape: [2, 1, 1, 1], values: [1, 1] } },
    ]);
  });

  it('has int8 weights as integers, with the scale of each filter, in a later version', () => {
    const kernel = int8Tensor([2, 3], [1, -127, 3, 4, 5, 127]);
    const scale = floatTensor([3], [0.5, 1, -0.25]);
    const attributes = { units: 3, weights: 'i8' } as const;
    const int8 = dumpIntegers(
      sourceOf(
        [2],
        [
          { op: 'quantize', attributes: { factor: 2 } },
          { op: 'dense', attributes, tensors: { kernel, scale } },
        ],
      ),
    );
    expect(int8.version).toBe('2');
    expect(int8.nodes.map(({ tensors }) => tensors)).toEqual([
      {},
      { kernel: { shape: [3, 2], values: [1, 4, -127, 5, 3, 127] }, scale: [0.5, 1, -0.25] },
    ]);
  });

  it('is the same from the bytes of a file, and from what is read of them', () => {
    const file = encodeModel(source);
    expect(dumpIntegers(file)).toEqual(dump);
    expect(dumpIntegers(encodeModel(source, { compact: true }))).toEqual(dump);
    expect(dumpIntegers(decodeModel(file))).toEqual(dump);
  });

  it('decodes a tensor that several nodes read once', () => {
    const b = floatTensor([2], [1, 2]);
    const affine = { op: 'affine', attributes: {}, tensors: { b } } as const;
    const twice = sourceOf([2], [affine, affine]);
    const [first, second] = twice.graph.nodes;
    const graph = { ...twice.graph, nodes: [first, { ...second, tensors: first.tensors }] };
    const tensors = new Map([...twice.tensors].slice(0, 1));
    const { nodes } = dumpIntegers({ ...twice, graph, tensors }, { maxMemoryBytes: 16 });
    expect(nodes.map((node) => node.tensors)).toEqual([{ b: [1, 2] }, { b: [1, 2] }]);
  });

  it('refuses what load refuses, and more memory than allowed', () => {
    const file = encodeModel(source);
    expect(() => dumpIntegers(file.subarray(1))).toThrow(ModelFileError);
    const graph = { ...source.graph, outputs: ['nothing'] };
    expect(() => dumpIntegers({ ...source, graph })).toThrow(/output "nothing" is not the name/);
    // 6 + 3 + 12 + 2 + 2 + 2 numbers.
    expect(dumpIntegers(file, { maxMemoryBytes: 216 })).toEqual(dump);
    expect(() => dumpIntegers(file, { maxMemoryBytes: 215 })).toThrow(
      /take more memory than is allowed: maxMemoryBytes = 215/,
    );
    expect(() => dumpIntegers(file, { maxMemoryBytes: NaN })).toThrow(ModelFileError);
  });
});

describe('the JSON text', () => {
  it('is the dump, negative zeros included', () => {
    for (const [, model] of models) {
      const dump = dumpIntegers(model());
      expect(throughJson(dump)).toEqual(dump);
    }
    const b = floatTensor([3], [-0, 0, -1.5]);
    const dump = dumpIntegers(sourceOf([3], [{ op: 'affine', attributes: {}, tensors: { b } }]));
    expect([...integersJson(dump)].join('')).toContain('"tensors":{"b":[-0.0,0,-1.5]}');
  });

  it('comes in pieces of bounded length', () => {
    const kernel = floatTensor(
      [5000, 3],
      Array.from({ length: 15_000 }, (_, i) => i / 7),
    );
    const attributes = { units: 3, weights: 'f32' } as const;
    const dump = dumpIntegers(sourceOf([5000], [{ op: 'dense', attributes, tensors: { kernel } }]));
    const pieces = [...integersJson(dump)];
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(25 * 4096);
    expect(JSON.parse(pieces.join(''))).toEqual(dump);
  });

  it('is what docs/interchange.md shows', () => {
    const page = readFileSync(new URL('../../../../docs/interchange.md', import.meta.url), 'utf8');
    const [, shown] = /^```json\n(.*?)^```$/ms.exec(page) ?? [];
    expect([...integersJson(dumpIntegers(documented()))].join('')).toBe(shown);
  });
});
