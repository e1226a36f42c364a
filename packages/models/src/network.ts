/** What all networks have in common. */
import type { Binarizer, BinarizerName, InputBinarizer, Model } from '@surge-bnn/core';

/** What a network is built from besides its own options. */
export interface BuildContext {
  /** How the binary layers binarize inputs and weights. */
  inputBinarizer: BinarizerName | InputBinarizer;
  weightBinarizer: BinarizerName | Binarizer;
  /** Initial weights depend on it, and on the layers' names, alone. */
  seed: number;
  /** [height, width, channels] of a picture. */
  inputShape: [number, number, number];
  classes: number;
}

/** A network: a name for recipes, its options with their defaults, and how it is built. */
export interface Network<Options extends object> {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Paper and repository that it follows. */
  readonly source: string;
  /** What is not as it is there; '' where nothing is known to differ. */
  readonly differs: string;
  /** [height, width, channels] of the pictures that it was published for; any other is possible. */
  readonly inputShape: readonly [number, number, number];
  /** And how many classes they have. */
  readonly classes: number;
  readonly defaults: Options;
  build(options: Options, context: BuildContext): Model;
}
