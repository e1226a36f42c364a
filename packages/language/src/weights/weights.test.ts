/** Hugging Face's files: round trip, names of old and bare files, types of numbers, and everything that is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { attachCompensator, surge } from '@surge-bnn/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bert, textInputs, type Bert } from '../network/bert.js';
import type { BertHead, BertOptions } from '../network/options.js';
import { drawn, expectNoLeak, randomize } from '../testing/numbers.fixture.js';
import { readConfig, writeConfig } from './config.js';
import { openBert, saveBert } from './folder.js';
import { loadWeights, networkWeights } from './load.js';
import { floatsOf, readSafetensors, writeSafetensors, type Weights } from './safetensors.js';

let folder: string;
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(path.join(tmpdir(), 'surge-bert-'));
});
afterAll(() => rm(folder, { recursive: true }));

const sizes: Partial<BertOptions> = {
  layers: 1,
  width: 6,
  heads: 2,
  ffn: 8,
  vocabulary: 7,
  positions: 5,
  activation: 'relu',
};
const classifier: BertHead = { kind: 'classifier', labels: 3 };

function network(options: Partial<BertOptions> = {}, head = classifier, seed = 1): Bert {
  const made = bert({ ...sizes, ...options }, { head });
  randomize(made.model, seed);
  return made;
}

const texts = {
  ids: Int32Array.from([1, 6, 2, 3]),
  types: Int32Array.from([0, 0, 1, 1]),
  mask: Int32Array.from([1, 1, 1, 0]),
  count: 1,
  length: 4,
};
const outputOf = ({ model }: Bert) =>
  tf.tidy(() => [...(model.apply(textInputs(texts)) as Tensor).dataSync()]);

/** A file of the tensors, written by hand: names in any order, types as told. */
function fileOf(
  tensors: ReadonlyMap<string, Weights>,
  dtype: 'F32' | 'F16' | 'BF16' | 'F64' = 'F32',
) {
  const each = { F64: 8, F32: 4, F16: 2, BF16: 2 }[dtype];
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, values }] of [...tensors].reverse()) {
    const bytes = new Uint8Array(each * values.length);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => {
      if (dtype === 'F64') view.setFloat64(8 * i, value, true);
      else if (dtype === 'F32') view.setFloat32(4 * i, value, true);
      else if (dtype === 'F16') view.setUint16(2 * i, halfBits(value), true);
      else view.setUint16(2 * i, new Uint32Array(Float32Array.of(value).buffer)[0] >>> 16, true);
    });
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return Uint8Array.from(Buffer.concat([length, text, ...parts]));
}

/** Nearest half for normal numbers of 11 bits, which the tests use. */
function halfBits(value: number): number {
  if (value === 0) return Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

const load = (made: Bert, tensors: ReadonlyMap<string, Weights>, options = {}) =>
  loadWeights(made, readSafetensors(fileOf(tensors), 'the file'), {
    where: 'the file',
    ...options,
  });

describe('a folder', () => {
  it.each<[string, Partial<BertOptions>, BertHead]>([
    ['float', { activation: 'gelu' }, classifier],
    ['bibert', { method: 'bibert' }, classifier],
    ['bit', { method: 'bit' }, { kind: 'masked' }],
    ['bit of 2 bits', { method: 'bit', inputs: 'two-bit' }, classifier],
    ['float without a head', {}, { kind: 'none' }],
  ])('comes back as it was, %s', async (name, options, head) => {
    const made = network(options, head);
    const where = path.join(folder, name, 'deeper');
    await saveBert(made, where);
    const { method, inputs } = made.options;
    const open = { behind: head, seed: 9, options: method === 'none' ? {} : { method, inputs } };
    const { network: again, loaded } = await openBert(where, open);
    expect(loaded).toEqual({ unused: [], kept: [] });
    expect(again.options).toEqual(made.options);
    expect(networkWeights(again)).toEqual(networkWeights(made));
    again.dispose();
    made.dispose();
  });

  it('is written without the weights that only training has', async () => {
    const made = network({ method: 'bibert' });
    const names = [...networkWeights(made).keys()];
    attachCompensator(made.model, surge({ eta: 1 }));
    expect([...networkWeights(made).keys()]).toEqual(names);
    made.dispose();
  });

  it('takes its labels from config.json', async () => {
    const made = network();
    await saveBert(made, folder);
    const { network: again } = await openBert(folder);
    expect(again.head).toEqual(classifier);
    expect(outputOf(again)).toEqual(outputOf(made));
    await expect(openBert(folder, { vocabulary: 8 })).rejects.toThrow(
      /vocabulary has 7 pieces, the texts' has 8: it is not the vocabulary of these weights/,
    );
    const before = tf.memory().numTensors;
    const file = path.join(folder, 'model.safetensors');
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length - 5));
    await expect(openBert(folder)).rejects.toThrow(
      /model\.safetensors is no complete safetensors file: .* the file was cut off/,
    );
    await writeFile(file, whole);
    await expect(openBert(folder, { behind: { kind: 'masked' } })).rejects.toThrow(
      /the tensor "cls\.predictions.*" and \d more is missing; .* with head: 'new'/,
    );
    expect(tf.memory().numTensors).toBe(before);
    await expect(openBert(path.join(folder, 'nowhere'))).rejects.toThrow(
      /config\.json cannot be read .* a folder of a BERT has config\.json and model\.safetensors/,
    );
    await writeFile(path.join(folder, 'config.json'), '{');
    await expect(openBert(folder)).rejects.toThrow(/config\.json is not valid JSON/);
  });
});

describe('names', () => {
  it('are those of bert-base', () => {
    const made = network({ activation: 'gelu' });
    const layer = 'bert.encoder.layer.0';
    const linears = ['attention.self.query', 'attention.self.key', 'attention.self.value'];
    const blocks = [...linears, 'attention.output.dense', 'attention.output.LayerNorm'];
    const all = [
      'bert.embeddings.word_embeddings.weight',
      'bert.embeddings.position_embeddings.weight',
      'bert.embeddings.token_type_embeddings.weight',
      ...['bert.embeddings.LayerNorm', 'bert.pooler.dense', 'classifier'].flatMap(both),
      ...[...blocks, 'intermediate.dense', 'output.dense', 'output.LayerNorm']
        .map((name) => `${layer}.${name}`)
        .flatMap(both),
    ];
    expect(new Set(networkWeights(made).keys())).toEqual(new Set(all));
    const linear = networkWeights(made).get(`${layer}.intermediate.dense.weight`);
    expect(linear?.shape).toEqual([8, 6]);
    made.dispose();
  });
  const both = (name: string) => [`${name}.weight`, `${name}.bias`];

  it('may lack their prefix, have gamma and beta, and come with what the network has no place for', () => {
    const made = network();
    const old = new Map(
      [...networkWeights(made)].map(([name, weights]): [string, Weights] => [
        name
          .replace(/^bert\./, '')
          .replace('LayerNorm.weight', 'LayerNorm.gamma')
          .replace('LayerNorm.bias', 'LayerNorm.beta'),
        weights,
      ]),
    );
    old.set('embeddings.position_ids', { shape: [1, 5], values: new Float32Array(5) });
    old.set('cls.seq_relationship.bias', { shape: [2], values: new Float32Array(2) });
    const again = network({}, classifier, 50);
    expect(load(again, old)).toEqual({ unused: ['cls.seq_relationship.bias'], kept: [] });
    expect(outputOf(again)).toEqual(outputOf(made));
    for (const one of [made, again]) one.dispose();
  });

  it('of tied tensors are one or the other; a decoder of its own is refused', () => {
    const made = network({}, { kind: 'masked' });
    const weights = networkWeights(made);
    const table = weights.get('bert.embeddings.word_embeddings.weight');
    const bias = weights.get('cls.predictions.bias');
    if (table === undefined || bias === undefined) throw new Error('no table');
    weights.set('cls.predictions.decoder.weight', table);
    weights.delete('cls.predictions.bias');
    weights.set('cls.predictions.decoder.bias', bias);
    const again = network({}, { kind: 'masked' }, 50);
    expect(load(again, weights)).toEqual({ unused: [], kept: [] });
    expect(networkWeights(again)).toEqual(networkWeights(made));
    weights.set('cls.predictions.decoder.weight', {
      ...table,
      values: table.values.map((v) => v + 1),
    });
    expect(() => load(again, weights)).toThrow(/decoder\.weight" is not the same as .*word_embed/);
    for (const one of [made, again]) one.dispose();
  });
});

describe('loading', () => {
  it('starts a fine-tuning: the head stays as it is where the file has none', () => {
    const body = network({}, { kind: 'none' });
    const made = network({}, classifier, 50);
    const before = networkWeights(made);
    const file = networkWeights(body);
    expect(() => load(made, file)).toThrow(
      'the file: the tensor "bert.pooler.dense.weight" and 3 more is missing; they are of the head',
    );
    expect(networkWeights(made)).toEqual(before);
    const { kept } = load(made, file, { head: 'new' });
    expect(kept).toHaveLength(4);
    const after = networkWeights(made);
    for (const [name, weights] of after) {
      expect(weights, name).toEqual(kept.includes(name) ? before.get(name) : file.get(name));
    }
    for (const one of [made, body]) one.dispose();
  });

  it('starts a fine-tuning of another task: a classifier of other labels stays as it is', () => {
    const other = network({}, { kind: 'classifier', labels: 7 }, 51);
    const made = network({}, classifier, 50);
    const [before, file] = [networkWeights(made), networkWeights(other)];
    expect(() => load(made, file)).toThrow(/"classifier\.weight" has the shape/);
    const { kept } = load(made, file, { head: 'new' });
    expect([...kept].sort()).toEqual(['classifier.bias', 'classifier.weight']);
    for (const [name, weights] of networkWeights(made)) {
      expect(weights, name).toEqual(kept.includes(name) ? before.get(name) : file.get(name));
    }
    for (const one of [made, other]) one.dispose();
  });

  it('changes nothing when anything does not fit, and leaves no tensor behind', () => {
    const made = network();
    const before = networkWeights(made);
    expectNoLeak(() => {
      load(made, before);
    });
    const change = (name: string, weights?: Weights) => {
      const file = new Map(before);
      if (weights === undefined) file.delete(name);
      else file.set(name, weights);
      return () => load(made, file);
    };
    const zeros = (...shape: number[]): Weights => ({
      shape,
      values: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
    const query = 'bert.encoder.layer.0.attention.self.query.weight';
    expectNoLeak(() => {
      expect(change(query)).toThrow(`the file: the tensor "${query}" is missing`);
      expect(change(query, zeros(6, 5))).toThrow(
        `"${query}" has the shape [6,5], but the network needs [6,6]`,
      );
      expect(change('bert.embeddings.word_embeddings.weight', zeros(9, 6))).toThrow(
        "the embeddings have 9 rows, but the network's vocabulary has 7 pieces: it is not the vocabulary of these weights",
      );
      const broken = zeros(6, 6);
      broken.values[4] = NaN;
      expect(change(query, broken)).toThrow(`"${query}" holds NaN at entry 4`);
      expect(() => load(made, new Map([['h.0.attn.weight', zeros(2)]]))).toThrow(
        /missing; it has h\.0\.attn\.weight, \.\.: is it a BERT\?/,
      );
    });
    expect(networkWeights(made)).toEqual(before);
    made.dispose();
  });
});

describe('safetensors', () => {
  it.each(['F64', 'F32', 'F16', 'BF16'] as const)('of %s are read, at any alignment', (dtype) => {
    // Eight bits of fraction, which every type holds.
    const values = Float32Array.from([0, 1, -1, 0.5, -2.5, 1.9921875, 2 ** -10, -3 * 2 ** 7]);
    const tensors = new Map([
      ['a', { shape: [2, 4], values }],
      ['odd', { shape: [1], values: values.subarray(4, 5) }],
      ['empty', { shape: [0, 3], values: new Float32Array(0) }],
      ['scalar', { shape: [], values: values.subarray(1, 2) }],
    ]);
    const file = fileOf(tensors, dtype);
    // Not at the beginning of its buffer either.
    const moved = new Uint8Array(file.length + 3).subarray(3);
    moved.set(file);
    const read = readSafetensors(moved, 'f');
    for (const [name, { shape, values: wanted }] of tensors) {
      const stored = read.get(name);
      if (stored === undefined) throw new Error(`no ${name}`);
      expect(floatsOf(stored, name, 'f')).toEqual({ shape, values: Float32Array.from(wanted) });
    }
  });

  it('reads small halves, and refuses infinities and integers', () => {
    const stored = (dtype: string, ...bytes: number[]) => ({
      dtype,
      shape: [bytes.length / 2],
      bytes: Uint8Array.from(bytes),
    });
    expect(floatsOf(stored('F16', 1, 0, 1, 0x80), 't', 'f').values).toEqual(
      Float32Array.of(2 ** -24, -(2 ** -24)),
    );
    expect(() => floatsOf(stored('F16', 0, 0x7c), 't', 'f')).toThrow('f: "t" holds Infinity');
    expect(() => floatsOf(stored('I16', 0, 1), 't', 'f')).toThrow(
      'f: "t" is of type I16; weights must be F32, F16, BF16, F64',
    );
  });

  it('come back as they were written', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 9 })
      .filter((one) => one !== '__metadata__' && one !== '__proto__');
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, shape), { selector: ([one]) => one, maxLength: 5 }),
        (list) => {
          const tensors = new Map(
            list.map(([key, own], i) => {
              const count = own.reduce((a, b) => a * b, 1);
              return [key, { shape: own, values: Float32Array.from(drawn(count, i)) }] as const;
            }),
          );
          const file = writeSafetensors(tensors);
          expect(new DataView(file.buffer).getUint32(0, true) % 8).toBe(0);
          const read = readSafetensors(file, 'f');
          expect(read.size).toBe(tensors.size);
          for (const [key, stored] of read)
            expect(floatsOf(stored, key, 'f')).toEqual(tensors.get(key));
        },
      ),
      { seed: 3 },
    );
  });

  it('are refused wherever they are cut off', () => {
    const file = fileOf(new Map([['a', { shape: [3], values: Float32Array.of(1, 2, 3) }]]));
    for (let length = 0; length < file.length; length++) {
      expect(() => readSafetensors(file.subarray(0, length), 'f'), `${length} bytes`).toThrow(
        /^f is no complete safetensors file: /,
      );
    }
    expect(readSafetensors(file, 'f').size).toBe(1);
  });

  it.each([
    ['not json', 'its header is not JSON'],
    ['[]', "the header's entry|no object|^f"],
    ['{"a": 3}', 'the header\'s entry of "a" is not one of a tensor'],
    ['{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', 'F32 \\[2\\] takes 8'],
    ['{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', 'is not one of a tensor'],
    ['{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 4]}}', 'is not one of a tensor'],
  ])('with the header %s are refused', (text, message) => {
    const bytes = new TextEncoder().encode(text);
    const file = new Uint8Array(8 + bytes.length + 8);
    new DataView(file.buffer).setBigUint64(0, BigInt(bytes.length), true);
    file.set(bytes, 8);
    if (text === '[]') expect(readSafetensors(file, 'f').size).toBe(0);
    else expect(() => readSafetensors(file, 'f')).toThrow(new RegExp(message));
  });
});

describe('config.json', () => {
  const base = {
    architectures: ['BertForMaskedLM'],
    attention_probs_dropout_prob: 0.1,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.2,
    hidden_size: 768,
    intermediate_size: 3072,
    layer_norm_eps: 1e-12,
    max_position_embeddings: 512,
    model_type: 'bert',
    num_attention_heads: 12,
    num_hidden_layers: 12,
    type_vocab_size: 2,
    vocab_size: 30522,
  };

  it('of bert-base is read', () => {
    expect(readConfig(base, 'c')).toEqual({
      options: {
        layers: 12,
        width: 768,
        heads: 12,
        ffn: 3072,
        vocabulary: 30522,
        positions: 512,
        types: 2,
        activation: 'gelu',
        epsilon: 1e-12,
        dropout: 0.2,
        attentionDropout: 0.1,
      },
      labels: 2,
    });
    expect(readConfig({ ...base, num_labels: 1 }, 'c').labels).toBe(1);
  });

  it('is written so that it is read as the same', () => {
    const made = network();
    const { options, labels } = readConfig(writeConfig(made.options, made.head), 'c');
    expect({ ...made.options, ...options }).toEqual(made.options);
    expect(labels).toBe(3);
    expect(writeConfig(made.options, { kind: 'none' })).toMatchObject({
      architectures: ['BertModel'],
    });
    made.dispose();
  });

  it.each([
    [[], 'c must hold an object'],
    [
      { ...base, hidden_size: undefined },
      'c: hidden_size must be a whole number >= 1, got undefined',
    ],
    [{ ...base, vocab_size: 0 }, 'c: vocab_size must be a whole number >= 1, got 0'],
    [{ ...base, model_type: 'roberta' }, 'c: model_type must be bert, got "roberta"'],
    [{ ...base, hidden_act: 'gelu_new' }, 'c: hidden_act must be gelu or relu, got "gelu_new"'],
    [
      { ...base, position_embedding_type: 'relative_key' },
      'position_embedding_type must be absolute',
    ],
    [{ ...base, layer_norm_eps: 0 }, 'c: layer_norm_eps must be a number above 0, got 0'],
    [{ ...base, hidden_dropout_prob: 1 }, 'c: hidden_dropout_prob must be at least 0 and below 1'],
  ])('%j is refused', (config, message) => {
    expect(() => readConfig(config, 'c')).toThrow(message);
  });
});
