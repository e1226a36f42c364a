/** BERT as a TF.js model: float, or with the linear layers and the attention of its encoder binary. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { encoder, type EncoderInputs } from './encoder.js';
import { classifier, maskedPieces } from './heads.js';
import { checkContext, completeOptions } from './options.js';
import type { BertContext, BertHead, BertOptions } from './options.js';
import { disposer, type TextNetwork } from './text-network.js';

/** For the head 'masked' the model has a fourth input, places, int32 [count]. */
export interface Bert extends TextNetwork<BertOptions, BertHead> {
  readonly kind: 'bert';
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
    const dispose = disposer(model);
    return { kind: 'bert', options, head, model, hiddenStates, projections, dispose };
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

/** The inputs of a network's model; the caller disposes them. */
export function textInputs({ ids, types, mask, count, length, positions }: Texts): Tensor[] {
  const rectangle = (values: Int32Array) => tf.tensor2d(values, [count, length], 'int32');
  const inputs: Tensor[] = [rectangle(ids), rectangle(types), rectangle(mask)];
  if (positions !== undefined) inputs.push(tf.tensor1d(positions, 'int32'));
  return inputs;
}
