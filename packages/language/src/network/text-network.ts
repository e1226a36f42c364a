/** What networks for texts have in common, whatever their encoder: what distillation, loading and training need to know of them. */
import type { Model } from '@surge-bnn/core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/** What attention is made of in one layer, before anything of it is binarized: [batch, length, width] each. */
export interface Projections {
  readonly query: SymbolicTensor;
  readonly key: SymbolicTensor;
  readonly value: SymbolicTensor;
}

/** Which encoder it is: weights go between networks of one kind alone. */
export type TextNetworkKind = 'bert' | 'sentence-encoder';

/** Options and head are the kind's own. */
export interface TextNetwork<Options = { readonly vocabulary: number }, Head = unknown> {
  readonly kind: TextNetworkKind;
  readonly options: Options;
  readonly head: Head;
  /** Inputs ids, types and mask, int32 [batch, length] each, as `textInputs` makes them; the output is the head's. */
  readonly model: Model;
  /** Of the embeddings, then of each layer: [batch, length, width]. Outputs of a model of your own, for distillation. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Query, key and value of each layer, before anything of them is binarized: [batch, length, width]. */
  readonly projections: readonly Projections[];
  /** Frees all weights, also those of a compensator; after that the network is of no use. Again: nothing. */
  dispose(): void;
}

/** Not model.dispose(): TF.js's layers count a use for each time that they were applied, and the words' table would keep its weights. */
export function disposer(model: Model): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    for (const weight of new Set(model.weights)) weight.dispose();
  };
}
