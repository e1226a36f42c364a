/** Packed text models say what trained ones say, bit for bit: on drawn networks, sentences and pairs, all kernels; and what rounding changes. */
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { convertText, packText } from '@surge-bnn/converter';
import type { ConvertTextOptions, TableForm } from '@surge-bnn/converter';
import { canonicalForward } from '@surge-bnn/core';
import { packedKernels } from '@surge-bnn/engine';
import { textInputs } from '@surge-bnn/language';
import type { Bert, BertOptions } from '@surge-bnn/language';
import { decodeText, encodeText, fileKind } from '@surge-bnn/runtime';
import type { LoadOptions } from '@surge-bnn/runtime';
import { loadText, PackedText, WordPiece } from '@surge-bnn/runtime/text';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeIsBuilt, use } from './backends.js';
import { drawnSentences, drawnText, pieces, wordPiece } from './texts.js';

beforeAll(() => use('surge-wasm'));

const classes = ['bad', 'good', 'so so'];
const texts = [...drawnSentences(30), { sentence: '' }, { sentence: 'w1 '.repeat(99) }];
const options: ConvertTextOptions = {
  wordPiece,
  output: { classes },
  pairs: false,
  maxLength: 24,
  texts,
  textsAre: 'drawn sentences',
};
/** Texts that are cut. */
const longer = texts.filter(({ sentence }) => wordPiece.pieces(sentence).length > 22).length;
const pairOptions: ConvertTextOptions = {
  ...options,
  output: { least: 0, most: 5 },
  pairs: true,
  texts: [...drawnSentences(20, true), { sentence: '', second: '' }],
};

/** Of one text by itself, without padding. */
function canonical(
  { model }: Bert,
  { sentence, second }: { sentence: string; second?: string },
  maxLength = 24,
) {
  const { ids, first } = wordPiece.encode(sentence, second, maxLength);
  const length = ids.length;
  const inputs = textInputs({
    ids: Int32Array.from(ids),
    types: Int32Array.from(ids, (_, i) => Number(i >= first)),
    mask: new Int32Array(length).fill(1),
    count: 1,
    length,
  });
  const output = canonicalForward(model, inputs);
  const logits = Float32Array.from(output.dataSync());
  tf.dispose([...inputs, output]);
  return logits;
}

const networks: [string, Partial<BertOptions>][] = [
  ['float', { method: 'none' }],
  ['bibert', { method: 'bibert' }],
  ['bit', { method: 'bit', activation: 'relu' }],
  ['bibert with real inputs', { method: 'bibert', inputs: 'real' }],
];

describe.each(networks)('%s', (_, network) => {
  it('is proven with tables of float32, and runs on all kernels', async () => {
    const trained = drawnText(network, 3);
    const before = tf.memory().numTensors;
    const { bytes, report } = await convertText(trained, { ...options, tables: 'f32' });
    expect(tf.memory().numTensors).toBe(before);
    expect(report.agreement).toMatchObject({
      inputs: 32,
      equalOutputs: 32,
      equalPredictions: 32,
      cut: longer,
    });
    expect(report.agreement.rounding).toBeUndefined();
    expect(report.agreement.largestDifference).toBe(0);
    expect(report.size.total).toBe(bytes.length);
    expect(report.layers.reduce((sum, one) => sum + one.bytes, 0)).toBe(report.size.payload);
    const parameters = trained.model.weights.reduce(
      (sum, { shape }) => sum + tf.util.sizeFromShape(shape.map(Number)),
      0,
    );
    expect(report.floatBytes).toBe(4 * parameters);
    expect(fileKind(bytes)).toBe('text');
    const native = nativeIsBuilt ? [{ kernels: await packedKernels({ threads: 2 }) }] : [];
    const ways: LoadOptions[] = [
      { kernels: 'reference' },
      { kernels: 'wasm' },
      { threads: 2 },
      ...native,
    ];
    for (const way of ways) {
      const packed = await loadText(bytes, way);
      for (const text of texts) {
        expect(packed.logits(text.sentence)).toEqual(canonical(trained, text));
      }
      packed.close();
    }
    trained.dispose();
  });

  it.each<[TableForm, string]>([
    ['f16', 'float16 tables'],
    ['i8', 'int8 tables'],
  ])('is proven with tables of %s, and tells what they change', async (tables, of) => {
    const trained = drawnText(network, 1);
    const original = trained.model.weights.map((weight) => weight.read().dataSync().slice());
    const { bytes, report } = await convertText(trained, { ...pairOptions, tables, compact: true });
    // The network is as it was.
    trained.model.weights.forEach((weight, i) =>
      expect(weight.read().dataSync()).toEqual(original[i]),
    );
    const { rounding, ...agreement } = report.agreement;
    expect(agreement).toMatchObject({ inputs: 21, equalOutputs: 21 });
    expect(rounding?.of).toEqual([of]);
    expect(decodeText(bytes).metadata.agreement).toMatchObject({ rounding: { of: [of] } });
    const packed = PackedText.fromBytes(bytes);
    const differences = pairOptions.texts.map((text) => {
      const [score] = packed.logits(text.sentence, text.second);
      return Math.abs(score - canonical(trained, text)[0]);
    });
    expect(rounding?.largestDifference).toBe(Math.max(...differences));
    expect(rounding?.largestDifference).toBeGreaterThan(0);
    // Of scores none is a prediction that differs.
    expect(rounding?.differentPredictions).toEqual([]);
    expect(report.size.total).toBe(bytes.length);
    trained.dispose();
  });
});

describe('a conversion', () => {
  it('rounds float kernels, too, and lists the predictions that differ', async () => {
    const trained = drawnText({ method: 'bibert' }, 3);
    const many = drawnSentences(150, false, 4);
    const { bytes, report } = await convertText(trained, {
      ...options,
      texts: many,
      tables: 'i8',
      floatWeights: 'i8-weights',
    });
    const { rounding, ...agreement } = report.agreement;
    expect(agreement).toMatchObject({ inputs: 150, equalOutputs: 150 });
    expect(rounding?.of).toEqual(['int8 tables', 'int8 kernels']);
    const packed = PackedText.fromBytes(bytes);
    const largest = (row: Float32Array) => row.indexOf(Math.max(...row));
    const different = many.flatMap((text, input) => {
      const before = canonical(trained, text);
      const [was, is] = [largest(before), largest(packed.logits(text.sentence))];
      return was === is ? [] : [{ input, margin: Math.abs(before[was] - before[is]) }];
    });
    expect(rounding?.differentPredictions).toEqual(different);
    trained.dispose();
  });

  it('leaves out the vectors of pieces that no text needs, and says the same of these', async () => {
    const trained = drawnText({ method: 'bibert' }, 3);
    const few = drawnSentences(6, false, 9);
    const whole = await convertText(trained, { ...options, tables: 'f32' });
    const { bytes, report } = await convertText(trained, {
      ...options,
      tables: 'f32',
      keepPieces: few,
    });
    const used = new Set(
      few.flatMap(({ sentence }) => wordPiece.encode(sentence, undefined, 24).ids),
    );
    for (const id of [1, 2, 3]) used.add(id);
    expect(report.vocabulary).toEqual({ pieces: pieces.length, kept: used.size });
    expect(report.agreement.rounding?.of).toEqual([
      `${pieces.length - used.size} pieces without a vector`,
    ]);
    expect(report.agreement.equalOutputs).toBe(32);
    const gone = pieces.length - used.size;
    expect(whole.report.size.payload - report.size.payload).toBe(
      4 * 24 * gone - Math.ceil(pieces.length / 8),
    );
    const [all, some] = [whole.bytes, bytes].map((one) => PackedText.fromBytes(one));
    for (const { sentence } of few) expect(some.predict(sentence)).toEqual(all.predict(sentence));
    const { ids } = some.encode(texts[0].sentence);
    expect(ids).toEqual(all.encode(texts[0].sentence).ids.map((id) => (used.has(id) ? id : 1)));
    trained.dispose();
  });

  it('gives the same file again, and stops when it is told to', async () => {
    const trained = drawnText({ method: 'bit', activation: 'relu' }, 3);
    const done: number[] = [];
    const first = await convertText(trained, { ...options, onProgress: (n) => done.push(n) });
    expect(done).toEqual([32]);
    expect((await convertText(trained, options)).bytes).toEqual(first.bytes);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(convertText(trained, { ...options, signal })).rejects.toThrow('enough');
    trained.dispose();
  });

  it.each<[string, Partial<ConvertTextOptions>, string | RegExp]>([
    ['no texts', { texts: [] }, 'a conversion needs real texts'],
    [
      'another vocabulary',
      { wordPiece: new WordPiece([...pieces, 'more']) },
      'has 100 pieces, but the network’s embeddings have 99 rows'.replace('’', "'"),
    ],
    ['longer texts', { maxLength: 25 }, 'maxLength must be a whole number from 3 to 24'],
    ['too few classes', { output: { classes: ['a'] } }, 'not a row of logits for 1 classes'],
    ['scores', { output: { least: 0, most: 5 } }, 'not a row of logits for a score'],
    ['pairs where there is one sentence', { pairs: true }, 'reads pairs of sentences; got one'],
    [
      'a form of tables that there is not',
      { tables: 'i4' as never },
      'tables must be f32, f16, i8, got "i4"',
    ],
    ['sums of int8', { floatWeights: 'i8' }, 'of a text model cannot be int8'],
    ['a form for no layer', { layerWeights: { stem: 'f16' } }, 'stem'],
    ['a name for no layer', { allowFloat: ['stem'] }, 'allowFloat names "stem"'],
  ])('is refused for %s', async (_, changed, message) => {
    const trained = drawnText({ method: 'bibert' }, 3);
    const before = tf.memory().numTensors;
    await expect(convertText(trained, { ...options, ...changed })).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    trained.dispose();
  });

  it('is refused for weights that are none', () => {
    const trained = drawnText({ method: 'none' }, 3);
    const table = trained.model.getLayer('bert.embeddings.word_embeddings').weights[0];
    const values = table.read().dataSync().slice();
    for (const [value, form] of [
      [NaN, 'i8'],
      [70000, 'f16'],
      [Infinity, 'f32'],
    ] as const) {
      values[30] = value;
      const tensor = tf.tensor(values, table.shape.map(Number));
      table.write(tensor);
      tensor.dispose();
      expect(() => packText(trained, { ...options, tables: form })).toThrow(InputError);
    }
    trained.dispose();
  });

  it('writes what it reads', () => {
    const trained = drawnText({ method: 'bibert' }, 3);
    const { source } = packText(trained, options);
    const bytes = encodeText(source);
    expect(encodeText(decodeText(bytes))).toEqual(bytes);
    trained.dispose();
  });
});
