/** From a trained network to a packed `*.bnn` file, with the proof that both compute the same. */
export { DisagreementError } from './agreement.js';
export { convertModel } from './convert.js';
export { convertibleKinds } from './lower/lower.js';
export { packModel } from './pack.js';
export type { Packed, PackOptions } from './pack.js';
export type {
  Agreement,
  Conversion,
  ConversionReport,
  ConvertOptions,
  LayerFate,
} from './types.js';
