/** BERT as a TF.js model: float, or with the linear layers and the attention of its encoder binary. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { encoder, type EncoderInputs, type Projections } from './encoder.js';
import { classifier, maskedPieces } from './heads.js';
import { checkContext, completeOptions } from './options.js';
import type { BertContext, BertHead, BertOptions } from './options.js';

export interface Bert {
  readonly options: BertOptions;
  readonly head: BertHead;
  /**
   * Inputs ids, types and mask, int32 [batch, length] each, and for the head 'masked' places, int32 [count]; the output is the head's.
   * `textInputs` makes them.
   */
  readonly model: Model;
  /** Of the embeddings, then of each layer: [batch, length, width]. Outputs of a model of your own, for distillation. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Query, key and value of each layer, before anything of them is binarized: [batch, length, width]. */
  readonly projections: readonly Projections[];
  /** Frees all weights, also those of a compensator; after that the network is of no use. Again: nothing. */
  dispose(): void;
}

/** Texts as numbers: `TextBatch` of @surge-bnn/data is one. */
export interface Texts {
  /** [count, length] each: pieces, kinds of pieces, 1 for a piece and 0 for padding. */
  readonly ids: Int32Array;
  readonly types: Int32Array;
  readonly mask: Int32Array;
  readonly count: number;
  readonly length: number;
  /** Pieces to predict, row * length + column each. */
  readonly positions?: Int32Array;
}

/**
 * ```ts
 * const { model } = bert({ layers: 4, width: 256, heads: 4, ffn: 1024 }, { head: { kind: 'classifier', labels: 2 } });
 * const logits = model.apply(textInputs(batch), { training: true });
 * ```
 *
 * @throws InputError naming an option that cannot be.
 */
export function bert(given: Partial<BertOptions>, context: BertContext): Bert {
  const options = completeOptions(given);
  checkContext(context, options);
  const { head, seed = 0, length } = context;
  const build = { options, seed };
  const pieces = (name: string) => tfl.input({ name, shape: [length ?? null], dtype: 'int32' });
  const inputs: EncoderInputs = {
    ids: pieces('ids'),
    types: pieces('types'),
    mask: pieces('mask'),
  };
  const { words, hiddenStates, projections } = encoder(inputs, build);
  const last = hiddenStates[options.layers];
  const three = [inputs.ids, inputs.types, inputs.mask];
  const network = (all: SymbolicTensor[], outputs: SymbolicTensor): Bert => {
    const model = tfl.model({ name: 'bert', inputs: all, outputs });
    return { options, head, model, hiddenStates, projections, dispose: disposer(model) };
  };
  switch (head.kind) {
    case 'classifier':
      return network(three, classifier(last, head.labels, build));
    case 'masked': {
      const places = tfl.input({ name: 'places', batchShape: [null], dtype: 'int32' });
      return network([...three, places], maskedPieces(last, places, words, build));
    }
    case 'none':
      return network(three, last);
  }
}

/** Not model.dispose(): TF.js's layers count a use for each time that they were applied, and the words' table would keep its weights. */
function disposer(model: Model): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    for (const weight of new Set(model.weights)) weight.dispose();
  };
}

/** The inputs of a model of `bert`; the caller disposes them. */
export function textInputs({ ids, types, mask, count, length, positions }: Texts): Tensor[] {
  const rectangle = (values: Int32Array) => tf.tensor2d(values, [count, length], 'int32');
  const inputs: Tensor[] = [rectangle(ids), rectangle(types), rectangle(mask)];
  if (positions !== undefined) inputs.push(tf.tensor1d(positions, 'int32'));
  return inputs;
}
