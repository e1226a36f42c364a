/** From a trained network to a packed `*.bnn` file, with the proof that both compute the same. */
export { DisagreementError } from './agreement.js';
export { convertModel } from './convert.js';
export { convertDetector } from './detector/convert-detector.js';
export { packDetector } from './detector/pack-detector.js';
export type { PackedDetectorData } from './detector/pack-detector.js';
export type {
  ConvertDetectorOptions,
  DetectorAgreement,
  DetectorConversion,
  DetectorInputs,
  DetectorRounding,
  PackDetectorOptions,
  ShippableDetector,
  SingleShotShipping,
  TwoStageShipping,
} from './detector/types.js';
export { importTorchWeights } from './import/import-torch-weights.js';
export type { ImportedWeight, ImportOptions, ImportReport } from './import/import-torch-weights.js';
export { importableKinds } from './import/layer-weights.js';
export { readSafetensors } from './import/read-safetensors.js';
export type { ForeignTensor } from './import/read-safetensors.js';
export { convertibleKinds } from './lower/lower.js';
export { exportOnnx } from './onnx/export-onnx.js';
export { exportBertOnnx } from './onnx/text/export-bert.js';
export type { BertOnnxOptions } from './onnx/text/export-bert.js';
export { convertText } from './text/convert-text.js';
export { packText } from './text/pack-text.js';
export type { PackedTextData } from './text/pack-text.js';
export type {
  ConvertTextOptions,
  PackTextOptions,
  Sentences,
  ShippableText,
  TableForm,
  TextAgreement,
  TextConversion,
  TextReport,
} from './text/types.js';
export { packModel } from './pack.js';
export type { Packed, PackOptions } from './pack.js';
export type { FloatWeights, FormOptions } from './ends/forms.js';
export type { InputLimits } from './ends/calibrate.js';
export type {
  Agreement,
  Calibration,
  CalibrationOptions,
  Conversion,
  ConversionReport,
  ConvertOptions,
  LayerFate,
  Rounding,
} from './types.js';
