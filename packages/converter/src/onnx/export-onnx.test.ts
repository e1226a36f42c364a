/** Every op at odd shapes: the packed runtime and onnxruntime make the same of the same inputs. */
import { InputError } from '@surge-bnn/contract';
import { ModelFileError } from '@surge-bnn/runtime';
import type { ModelSource } from '@surge-bnn/runtime';
import { describe, expect, it } from 'vitest';
import { approximate, exact } from './cases.fixture.js';
import { exportOnnx, onnxModel } from './export-onnx.js';
import { affine, conv, floatDense, sign } from './links.fixture.js';
import { beside, integers, modelOf, quarters, signs } from './onnx.fixture.js';

const examples = 3;
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const inputsFor = ({ graph }: ModelSource) => quarters(examples * size(graph.inputs[0].shape));

describe('in numbers whose sums are exact, onnxruntime makes exactly what the packed runtime makes', () => {
  it.each(exact)('%s', async (name, shape, links) => {
    const source = modelOf(shape, links);
    const { packed, onnx } = await beside(source, inputsFor(source));
    // Not by Object.is: of two zeros, either may be made.
    expect(Array.from(onnx, (v) => v + 0)).toEqual(Array.from(packed, (v) => v + 0));
    // The largest of a whole picture of quarters is 2, and its signs' is +1.
    if (!name.endsWith('the whole picture')) expect(new Set(packed).size).toBeGreaterThan(1);
  });
});

describe('where both round, they differ by less than 1e-6', () => {
  it.each(approximate)('%s', async (_, shape, links) => {
    const source = modelOf(shape, links);
    const { largestDifference } = await beside(source, inputsFor(source));
    expect(largestDifference).toBeLessThan(1e-6);
  });
});

describe('the file', () => {
  it('keeps sums integers under all optimisations of a runtime, and without them', async () => {
    // A scale that no float32 sum of its multiples is exact with; 900 products.
    const thirds = {
      dtype: 'F32',
      shape: [7],
      bytes: new Uint8Array(Float32Array.of(...Array<number>(7).fill(1 / 3)).buffer),
    } as const;
    const source = modelOf(
      [5, 5, 100],
      [
        sign('bits'),
        conv(7, 100),
        { op: 'affine', attributes: {}, tensors: { a: thirds, b: thirds } },
      ],
    );
    for (const graphOptimizationLevel of ['all', 'disabled'] as const) {
      const { largestDifference } = await beside(source, inputsFor(source), {
        graphOptimizationLevel,
      });
      expect(largestDifference).toBe(0);
    }
  });

  it('says what it reads, and takes any number of examples', () => {
    const source = modelOf([2, 2, 3], [affine(3)], {
      pixels: { mean: [0.5, 0.25, 0], std: [1, 0.5, 2] },
      classes: ['a', 'b', 'c'],
    });
    const model = onnxModel({ ...source, metadata: { training: { name: 'tiny' } } });
    const shape = ['N', 2, 2, 3];
    expect(model.inputs).toEqual([{ name: 'x', type: 'float32', shape }]);
    expect(model.output).toEqual({ name: 'affine0', type: 'float32', shape });
    expect(model.metadata.input).toContain('float32 [N, 2, 2, 3]');
    expect(JSON.parse(model.metadata.pixels)).toEqual({ mean: [0.5, 0.25, 0], std: [1, 0.5, 2] });
    expect(JSON.parse(model.metadata.classes)).toEqual(['a', 'b', 'c']);
    expect(JSON.parse(model.metadata.training)).toEqual({ name: 'tiny' });
    expect(model.metadata).not.toHaveProperty('provenance');
  });

  it('keeps a tensor of two nodes once, a sign in a byte, a half in two', () => {
    const kernel = { dtype: 'U8', shape: [8, 1], bytes: new Uint8Array(8) } as const;
    const dense = { op: 'binaryDense', attributes: { units: 8 }, tensors: { kernel } } as const;
    const source = modelOf(
      [8],
      [
        sign('bits'),
        { ...dense, name: 'first' },
        {
          op: 'threshold',
          attributes: { values: 'bits' },
          tensors: { thresholds: integers(Array<number>(8).fill(0)) },
        },
        { ...dense, name: 'second' },
        { ...floatDense('f16', 8, 2, false), name: 'last' },
      ],
    );
    const shared = {
      ...source,
      graph: {
        ...source.graph,
        nodes: source.graph.nodes.map((node) =>
          node.op === 'binaryDense' ? { ...node, tensors: { kernel: 'first/kernel' } } : node,
        ),
      },
      tensors: new Map([...source.tensors].filter(([key]) => key !== 'second/kernel')),
    };
    const { tensors, nodes } = onnxModel(shared);
    const kernels = tensors.filter(({ name }) => name.endsWith('kernel'));
    expect(kernels.map(({ type, bytes }) => [type, bytes().length])).toEqual([
      ['int8', 64],
      ['float16', 32],
    ]);
    expect(nodes.filter(({ opType }) => opType === 'Cast')).toHaveLength(2);
  });

  it('gives every value a name of its own, whatever the names of the file are', async () => {
    const source = modelOf(
      [2, 3, 4],
      [
        { ...affine(4), name: 'x/nchw' },
        { ...sign('bits'), name: '1' },
        { ...conv(4, 4, { padValue: 1, pads: [1, 1, 1, 1] }), name: '1/padded' },
        { ...affine(4), name: 'integers/0_0_1_1_0_0_1_1' },
      ],
    );
    const { nodes, tensors } = onnxModel(source);
    const names = [...nodes, ...tensors].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect((await beside(source, inputsFor(source))).largestDifference).toBe(0);
  });

  it('is the same bytes each time', () => {
    const source = modelOf([4, 5, 3], [sign('bits'), conv(9, 3), affine(9)]);
    expect(exportOnnx(source)).toEqual(exportOnnx(source));
  });
});

describe('what cannot be written is refused', () => {
  it('more weights than a file has room for', () => {
    const source = modelOf(
      [64],
      [
        sign('bits'),
        { op: 'binaryDense', attributes: { units: 64 }, tensors: { kernel: signs(64, 64) } },
      ],
    );
    expect(() => onnxModel(source, 4000)).toThrow(InputError);
    expect(() => onnxModel(source, 4000)).toThrow('more than 4000 bytes');
    expect(onnxModel(source, 5000).tensors).not.toHaveLength(0);
  });

  it('a graph that makes no sense', () => {
    const source = modelOf([4], [affine(4)]);
    expect(() => exportOnnx({ ...source, tensors: new Map() })).toThrow(ModelFileError);
  });
});
