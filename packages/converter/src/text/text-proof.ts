/** The proof: the packed text model beside the trained one, on real texts, from the tokenizer to the logits. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';
import { canonicalForward } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import type { EncodedText, PackedText } from '@surge-bnn/runtime/text';
import { DisagreementError } from '../agreement.js';
import { assignWeight } from '../assign-weight.js';
import { nextTurn } from '../batches.js';
import { Comparison } from '../comparison.js';
import type { RoundedEvaluation } from '../ends/rounded-evaluation.js';
import { textParts } from './lower-text.js';
import { roundedTable } from './tables.js';
import type { ConvertTextOptions, TableForm, TextAgreement } from './types.js';

export interface TextProofOptions extends Pick<
  ConvertTextOptions,
  'wordPiece' | 'maxLength' | 'texts' | 'textsAre' | 'onProgress' | 'signal'
> {
  /** How the trained network is evaluated where the file's float layers are rounded. */
  readonly rounded: RoundedEvaluation;
  readonly tables: TableForm;
  /** Which pieces the file has vectors for. */
  readonly kept: readonly boolean[];
  /** What was rounded or left out, for the report. */
  readonly roundingOf: readonly string[];
}

/** Texts that are evaluated together. */
const proofBatch = 32;

/**
 * @throws DisagreementError when a text is read differently, or a logit of any text is not the same bits.
 * @throws InputError when there is no text.
 */
export async function proveText(
  model: Model,
  packed: PackedText,
  options: TextProofOptions,
): Promise<TextAgreement> {
  const { texts, textsAre, roundingOf, wordPiece, maxLength, rounded, signal } = options;
  if (texts.length === 0) {
    throw new InputError(
      'a conversion needs real texts for the proof that the packed model computes the same; got none',
    );
  }
  const isRounded = roundingOf.length > 0;
  const labels = Number(model.outputs[0].shape[1]);
  const [proof, effect] = [new Comparison(labels, labels), new Comparison(labels, labels)];
  const original = texts.map(({ sentence, second }) =>
    wordPiece.encode(sentence, second, maxLength),
  );
  const read = original.map((text, i) => checkRead(text, i, packed, options));
  // Of similar length together: what is padding costs as much as a text.
  const order = original
    .map((_, i) => i)
    .sort((a, b) => lengthOf(original[a]) - lengthOf(original[b]));
  const tables = new RoundedTables(model, options.tables);
  try {
    for (let from = 0; from < order.length; from += proofBatch) {
      signal?.throwIfAborted();
      const batch = order.slice(from, from + proofBatch);
      const logitsOf = (all: readonly EncodedText[], how?: RoundedEvaluation) => {
        const some = batch.map((i) => all[i]);
        return evaluated(model, some, wordPiece.special.pad, how);
      };
      const trained = tables.during(() => logitsOf(read, rounded));
      const before = isRounded ? logitsOf(original) : trained;
      batch.forEach((index, row) => {
        const logits = packed.logitsOf(read[index]);
        const at = [row * labels, (row + 1) * labels] as const;
        proof.add(trained.subarray(...at), logits, index);
        effect.add(before.subarray(...at), logits, index);
      });
      options.onProgress?.(Math.min(from + proofBatch, order.length));
      await nextTurn();
    }
  } finally {
    tables.dispose();
  }
  if (proof.example !== undefined) {
    throw new DisagreementError(
      `the packed model disagrees with the trained network "${model.name}" on ${texts.length - proof.equalOutputs} of ${texts.length} texts (${proof.example}); no file was made. This is a defect of surge-bnn: please report it with the network`,
    );
  }
  const differentPredictions = [...effect.differentPredictions].sort((a, b) => a.input - b.input);
  return {
    inputs: texts.length,
    inputsAre: textsAre,
    pieces: read.reduce((sum, text) => sum + lengthOf(text), 0),
    cut: original.filter(({ cut }) => cut > 0).length,
    equalOutputs: proof.equalOutputs,
    equalPredictions: proof.equalPredictions,
    largestDifference: proof.largestDifference,
    ...(isRounded && {
      rounding: {
        of: roundingOf,
        differentPredictions,
        largestDifference: effect.largestDifference,
      },
    }),
  };
}

function lengthOf({ ids }: EncodedText): number {
  return ids.length;
}

/** The pieces that the file's own tokenizer makes of a text. @throws DisagreementError where they are not those of training, [UNK] for what it has no vector for. */
function checkRead(
  text: EncodedText,
  index: number,
  packed: PackedText,
  { texts, kept, wordPiece }: TextProofOptions,
): EncodedText {
  const { sentence, second } = texts[index];
  const found = packed.encode(sentence, second);
  const { unknown } = wordPiece.special;
  const expected = text.ids.map((id) => (kept[id] ? id : unknown));
  if (expected.join() === found.ids.join() && found.first === text.first) return found;
  throw new DisagreementError(
    `the tokenizer in the file reads text ${index} as ${found.ids.join(' ')} instead of ${expected.join(' ')}; no file was made. This is a defect of surge-bnn: please report it with the vocabulary`,
  );
}

/** Logits of these texts, [count, labels], in canonical arithmetic; what pads them changes no bit. */
function evaluated(
  model: Model,
  texts: readonly EncodedText[],
  pad: number,
  rounded?: RoundedEvaluation,
): Float32Array {
  const length = Math.max(...texts.map(lengthOf));
  const rows = (valueOf: (text: EncodedText, at: number) => number) =>
    tf.tensor2d(
      Int32Array.from({ length: texts.length * length }, (_, i) =>
        valueOf(texts[Math.floor(i / length)], i % length),
      ),
      [texts.length, length],
      'int32',
    );
  const inputs: Tensor[] = [
    rows(({ ids }, at) => ids[at] ?? pad),
    rows(({ ids, first }, at) => Number(at >= first && at < ids.length)),
    rows(({ ids }, at) => Number(at < ids.length)),
  ];
  try {
    const output = canonicalForward(model, inputs, { linear: rounded?.linear });
    const logits = Float32Array.from(output.dataSync());
    output.dispose();
    return logits;
  } finally {
    tf.dispose(inputs);
  }
}

/** The trained network with its tables rounded as in the file, for as long as something is computed. */
class RoundedTables {
  private readonly weights: readonly {
    readonly weight: Parameters<typeof assignWeight>[0];
    readonly trained: Tensor;
    readonly rounded: Tensor;
  }[];

  constructor(model: Model, form: TableForm) {
    const { words, places } = textParts(model);
    const all = form === 'f32' ? [] : [...words.weights, ...places.weights];
    this.weights = all.map((weight) => {
      const value = weight.read();
      const values = Float32Array.from(value.dataSync());
      return {
        weight,
        trained: tf.tensor(values.slice(), value.shape),
        rounded: tf.tensor(roundedTable({ values, shape: value.shape }, form), value.shape),
      };
    });
  }

  /** Nothing else runs meanwhile. */
  during<T>(compute: () => T): T {
    for (const { weight, rounded } of this.weights) assignWeight(weight, rounded);
    try {
      return compute();
    } finally {
      for (const { weight, trained } of this.weights) assignWeight(weight, trained);
    }
  }

  dispose(): void {
    for (const { trained, rounded } of this.weights) tf.dispose([trained, rounded]);
  }
}
