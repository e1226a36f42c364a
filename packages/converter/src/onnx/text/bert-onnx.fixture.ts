/** For tests of a BERT's ONNX file: networks with numbers of their own, padded texts, and onnxruntime beside the network. */
import * as tf from '@tensorflow/tfjs-core';
import { bert, textInputs } from '@surge-bnn/language';
import type { Bert, Texts } from '@surge-bnn/language';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { random } from '../onnx.fixture.js';
import { exportBertOnnx } from './export-bert.js';

type Given = Parameters<typeof bert>;

/** A network in which no number is what a fresh one has: factors lie about 1, all others about 0. */
export function network(options: Given[0], head: Given[1]['head'], seed = 1): Bert {
  const made = bert({ dropout: 0, attentionDropout: 0, ...options }, { head, seed });
  const next = random(seed);
  for (const weight of made.model.weights) {
    const { size, shape } = weight.read();
    const about = /gamma|[sS]cale$/.test(weight.originalName) ? 1 : 0;
    // Of probabilities, which are less than 1.
    const middle = weight.originalName.endsWith('probabilityScale') ? 0.4 : about;
    const t = tf.tensor(
      Float32Array.from({ length: size }, () => middle + 0.6 * (next() - 0.5)),
      shape,
    );
    weight.write(t);
    t.dispose();
  }
  return made;
}

/** Texts of these lengths, padded to the longest and by `more`. */
export function texts(
  lengths: readonly number[],
  { vocabulary, types }: Pick<Bert['options'], 'vocabulary' | 'types'>,
  more = 0,
): Texts {
  const length = Math.max(...lengths) + more;
  const next = random(lengths.length);
  const below = (most: number) => Math.floor(most * next());
  const places = lengths.flatMap((own) => Array.from({ length }, (_, i) => i < own));
  // What stands at padding must not matter.
  return {
    ids: Int32Array.from(places, () => below(vocabulary)),
    types: Int32Array.from(places, () => below(types)),
    mask: Int32Array.from(places, (isPiece) => (isPiece ? 1 : 0)),
    count: lengths.length,
    length,
  };
}

/** What the network makes of the texts in evaluation; of the head 'masked' for all pieces. */
export function ownOutputs({ model, head }: Bert, batch: Texts): Float32Array {
  const positions = Int32Array.from({ length: batch.count * batch.length }, (_, i) => i);
  return tf.tidy(() => {
    const inputs = textInputs(head.kind === 'masked' ? { ...batch, positions } : batch);
    const made = model.apply(inputs, { training: false });
    if (Array.isArray(made) || !(made instanceof tf.Tensor)) throw new Error('one output');
    return Float32Array.from(made.dataSync());
  });
}

/** What onnxruntime makes of them with a file. */
export async function onnxOutputs(
  file: Uint8Array,
  { ids, types, mask, count, length }: Texts,
  options: InferenceSession.SessionOptions = {},
): Promise<{
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}> {
  const session = await InferenceSession.create(file, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...options,
  });
  try {
    const longs = (values: Int32Array) =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), [count, length]);
    const made = await session.run({
      input_ids: longs(ids),
      token_type_ids: longs(types),
      attention_mask: longs(mask),
    });
    const [name] = session.outputNames;
    const { data, dims } = made[name];
    if (!(data instanceof Float32Array)) throw new Error('the output is no float32');
    return { name, shape: dims, values: data };
  } finally {
    await session.release();
  }
}

/** The largest difference between the two. NaN on one side counts as all. */
export async function difference(
  made: Bert,
  batch: Texts,
  options?: InferenceSession.SessionOptions,
): Promise<number> {
  const own = ownOutputs(made, batch);
  const { values } = await onnxOutputs(exportBertOnnx(made), batch, options);
  if (own.length !== values.length) throw new Error(`${values.length} outputs of ${own.length}`);
  return own.reduce((most, value, i) => {
    const one = Math.abs(value - values[i]);
    return Math.max(most, Number.isNaN(one) ? Infinity : one);
  }, 0);
}
