/** A BERT of every head, method and activation: onnxruntime makes of padded batches what the network makes, and of what cannot be an error. */
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '@surge-bnn/contract';
import { attachCompensator, surge } from '@surge-bnn/core';
import { bert } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { difference, network, onnxOutputs, texts } from './bert-onnx.fixture.js';
import { bertOnnxModel, exportBertOnnx } from './export-bert.js';

beforeAll(() => tf.setBackend('cpu'));

/** Outputs lie between -4 and 4. */
const bound = 2e-6;

const small = { layers: 2, width: 12, heads: 3, ffn: 20, vocabulary: 17, positions: 9 } as const;
const kinds = [
  { method: 'none', activation: 'gelu' },
  { method: 'none', activation: 'relu' },
  { method: 'bibert', activation: 'gelu' },
  { method: 'bibert', activation: 'relu' },
  { method: 'bit', activation: 'relu' },
  { method: 'bibert', activation: 'gelu', inputs: 'real' },
  { method: 'bit', activation: 'gelu', inputs: 'real' },
] as const;
const heads = [
  { kind: 'classifier', labels: 3 },
  { kind: 'classifier', labels: 1 },
  { kind: 'masked' },
  { kind: 'none' },
] as const;
const classifier = heads[0];

describe.each(kinds)('%j', (kind) => {
  it.each(heads)('%j', async (head) => {
    const made = network({ ...small, ...kind }, head);
    const padded = texts([5, 7, 1, 9], made.options);
    expect(await difference(made, padded)).toBeLessThan(bound);
    expect(await difference(made, texts([4], made.options))).toBeLessThan(bound);
    const plain = { graphOptimizationLevel: 'disabled' } as const;
    expect(await difference(made, padded, plain)).toBeLessThan(bound);
    made.dispose();
  });

  it('does not look at padding, and makes numbers of a text that is nothing else', async () => {
    const made = network({ ...small, ...kind }, classifier);
    const file = exportBertOnnx(made);
    const [short, long] = [0, 4].map((more) => texts([5, 3], made.options, more));
    // The same pieces in both; the longer rows have others behind them.
    for (const row of [0, 1]) {
      for (let i = 0; i < 5; i++) {
        long.ids[9 * row + i] = short.ids[5 * row + i];
        long.types[9 * row + i] = short.types[5 * row + i];
      }
    }
    const [one, other] = [await onnxOutputs(file, short), await onnxOutputs(file, long)];
    one.values.forEach((value, i) => {
      expect(Math.abs(value - other.values[i])).toBeLessThan(bound);
    });
    const nothing = { ...short, mask: new Int32Array(short.mask.length) };
    expect((await onnxOutputs(file, nothing)).values.every(Number.isFinite)).toBe(true);
    expect(await difference(made, nothing)).toBeLessThan(bound);
    made.dispose();
  });
});

it('is so for any sizes', async () => {
  const size = (most: number) => fc.integer({ min: 1, max: most });
  const sizes = fc.record({
    layers: size(2),
    heads: size(3),
    // One entry a row has no deviation, and two hardly any: a layer norm divides by it.
    each: fc.integer({ min: 3, max: 7 }),
    ffn: size(9),
    vocabulary: size(40),
    positions: fc.integer({ min: 6, max: 9 }),
    types: size(3),
  });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.constantFrom(...kinds),
      fc.constantFrom(...heads),
      fc.array(size(6), { minLength: 1, maxLength: 3 }),
      fc.nat(99),
      async ({ each, ...rest }, kind, head, lengths, seed) => {
        const made = network({ ...rest, ...kind, width: rest.heads * each }, head, seed);
        expect(await difference(made, texts(lengths, made.options))).toBeLessThan(5e-6);
        made.dispose();
      },
    ),
    { numRuns: 60, seed: 3 },
  );
});

describe('the file', () => {
  it.each([
    [{ kind: 'classifier', labels: 3 }, 'logits', ['batch_size', 3]],
    [{ kind: 'masked' }, 'logits', ['batch_size', 'sequence_length', 17]],
    [{ kind: 'none' }, 'last_hidden_state', ['batch_size', 'sequence_length', 12]],
  ] as const)('of %j has Hugging Face’s inputs and output', async (head, name, shape) => {
    const made = network(small, head);
    const { inputs, output } = bertOnnxModel(made);
    const pieces = { type: 'int64', shape: ['batch_size', 'sequence_length'] };
    expect(inputs).toEqual([
      { name: 'input_ids', ...pieces },
      { name: 'token_type_ids', ...pieces },
      { name: 'attention_mask', ...pieces },
    ]);
    expect(output).toEqual({ name, type: 'float32', shape });
    const batch = texts([2, 3], made.options);
    const run = await onnxOutputs(exportBertOnnx(made), batch);
    const sizes = new Map<unknown, number>([
      ['batch_size', 2],
      ['sequence_length', 3],
    ]);
    expect(run.name).toBe(name);
    expect(run.shape).toEqual(shape.map((size) => sizes.get(size) ?? size));
    made.dispose();
  });

  it('has the length of a network that has one', () => {
    const made = bert(small, { head: classifier, length: 5 });
    expect(bertOnnxModel(made).inputs[0].shape).toEqual(['batch_size', 5]);
    made.dispose();
  });

  it('says what it is', () => {
    const made = network({ ...small, method: 'bibert' }, classifier);
    const { metadata, description } = bertOnnxModel(made, {
      classes: ['bad', 'so', 'good'],
      metadata: { maxLength: 9 },
    });
    expect(description).toContain('binary');
    expect(JSON.parse(metadata.classes)).toEqual(['bad', 'so', 'good']);
    expect(JSON.parse(metadata.network)).toMatchObject({ method: 'bibert', head: classifier });
    expect(JSON.parse(metadata.maxLength)).toBe(9);
    made.dispose();
  });

  it('keeps the words’ table once, also where pieces are predicted by it, and a sign in a byte', () => {
    const made = network({ ...small, method: 'bit', activation: 'relu' }, { kind: 'masked' });
    const { tensors, nodes } = bertOnnxModel(made);
    const tables = tensors.filter(({ shape }) => shape[0] === 17 && shape.length === 2);
    expect(tables.map(({ name }) => name)).toEqual(['bert.embeddings.word_embeddings.weight']);
    const signs = tensors.filter(({ type }) => type === 'int8');
    // Six a layer: four of width x width, two of width x ffn.
    expect(signs).toHaveLength(12);
    expect(signs.reduce((sum, { bytes }) => sum + bytes().length, 0)).toBe(
      2 * (4 * 12 * 12 + 2 * 12 * 20),
    );
    const names = [...nodes, ...tensors].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    made.dispose();
  });

  it('of a classifier computes the first piece alone where no other is read', () => {
    const slices = (head: (typeof heads)[number]) => {
      const made = network(small, head);
      const { nodes } = bertOnnxModel(made);
      made.dispose();
      return nodes.filter(({ opType }) => opType === 'Slice').map(({ inputs: [of] }) => of);
    };
    // Query and shortcut of the last of two layers, by one slice.
    expect(slices(classifier)).toEqual(['bert.encoder.layer.0.output.LayerNorm']);
    expect(slices({ kind: 'masked' })).toEqual([]);
    expect(slices({ kind: 'none' })).toEqual([]);
  });

  it('is the same bytes each time, leaves no tensor behind, and knows no compensator', () => {
    const made = network({ ...small, method: 'bit', activation: 'relu' }, classifier);
    const before = tf.memory().numTensors;
    const file = exportBertOnnx(made);
    expect(tf.memory().numTensors).toBe(before);
    attachCompensator(made.model, surge({ eta: 0.1 }));
    expect(exportBertOnnx(made)).toEqual(file);
    made.dispose();
  });

  it('is of the network in evaluation', async () => {
    const made = network({ ...small, dropout: 0.5, attentionDropout: 0.5 }, classifier);
    expect(await difference(made, texts([6, 2], made.options))).toBeLessThan(bound);
    made.dispose();
  });
});

describe('is refused', () => {
  it('more weights than a file has room for, before any is copied', () => {
    const made = network(small, classifier);
    const bytes = 4 * made.model.countParams();
    expect(() => bertOnnxModel(made, {}, bytes)).toThrow(InputError);
    expect(() => bertOnnxModel(made, {}, bytes)).toThrow(`more than ${bytes} bytes`);
    // Beside the weights there are a few numbers and sizes.
    expect(bertOnnxModel(made, {}, bytes + 200).tensors).not.toHaveLength(0);
    made.dispose();
  });

  it.each([NaN, Infinity])('a weight that is %d', (value) => {
    const made = network(small, classifier);
    const weight = made.model.weights.find((w) => w.originalName === 'classifier/kernel');
    const t = tf.fill([12, 3], value);
    weight?.write(t);
    t.dispose();
    expect(() => exportBertOnnx(made)).toThrow(
      `layer "classifier" holds ${value} in its weight; a network with such a weight cannot be exported`,
    );
    made.dispose();
  });

  it('a network in the middle of its training, with inputs of 2 bits', () => {
    const made = network(
      { ...small, method: 'bit', activation: 'relu', inputs: 'two-bit' },
      classifier,
    );
    expect(() => exportBertOnnx(made)).toThrow(/query" .*inputs of 2 bits are a step of training/);
    made.dispose();
  });

  it('an option that nobody reads', () => {
    const made = network(small, classifier);
    expect(() => {
      Reflect.apply(exportBertOnnx, undefined, [made, { labels: ['a'] }]);
    }).toThrow(/unknown option of exportBertOnnx "labels"/);
    made.dispose();
  });

  it('by the runtime: a text longer than the positions, a piece or type that does not exist', async () => {
    const made = network(small, classifier);
    const file = exportBertOnnx(made);
    await expect(onnxOutputs(file, texts([10], made.options))).rejects.toThrow(/9 by 10/);
    const batch = texts([3], made.options);
    for (const key of ['ids', 'types'] as const) {
      const wrong = { ...batch, [key]: Int32Array.from([0, 99, 0]) };
      await expect(onnxOutputs(file, wrong)).rejects.toThrow(/out of/i);
    }
    made.dispose();
  });
});
