/** A trained detector becomes a packed file, with the proof that both see the same. */
import { detectorFileSize, encodeDetector, PackedDetector } from '@surge-bnn/runtime';
import type { JsonObject } from '@surge-bnn/runtime';
import { floatBytes, roundingOf } from '../convert.js';
import { RoundedEvaluation } from '../ends/rounded-evaluation.js';
import { proveDetector } from './detector-proof.js';
import { detectorForms, packDetector } from './pack-detector.js';
import type {
  ConvertDetectorOptions,
  DetectorAgreement,
  DetectorConversion,
  ShippableDetector,
} from './types.js';

/**
 * Converts a trained detector: packs body and tail, loads the packed detector from its own bytes, runs it beside the trained one
 * in canonical arithmetic on all pictures of `inputs`, and writes the agreement into the file. The detector is not changed.
 *
 * @param detector of @surge-bnn/detection; a compensator that is still attached plays no part.
 * @throws InputError naming the layer that cannot be packed, and why; for no pictures, and for options that do not fit.
 * @throws DisagreementError when any number of any box differs in any bit.
 */
export async function convertDetector(
  detector: ShippableDetector,
  options: ConvertDetectorOptions,
): Promise<DetectorConversion> {
  const { compact = false, training, provenance } = options;
  const { source, layers } = packDetector(detector, options);
  const forms = detectorForms(detector, options);
  // From its own bytes: what is proven is what a reader gets.
  const packed = PackedDetector.fromBytes(encodeDetector(source, { compact }));
  const rounded = new RoundedEvaluation(detector.model, forms, new Map());
  let agreement: DetectorAgreement;
  try {
    const proof = { ...options, rounded, roundingOf: roundingOf(forms, false) };
    agreement = await proveDetector(detector, packed, proof);
  } finally {
    rounded.dispose();
    packed.close();
  }
  const metadata = {
    ...(training && { training }),
    ...(provenance && { provenance }),
    agreement: agreementJson(agreement),
  };
  const proven = { ...source, metadata };
  return {
    bytes: encodeDetector(proven, { compact }),
    report: {
      layers,
      agreement,
      size: detectorFileSize(proven, { compact }),
      floatBytes: floatBytes(detector.model),
    },
  };
}

function agreementJson({ rounding, ...rest }: DetectorAgreement): JsonObject {
  return { ...rest, ...(rounding && { rounding: { ...rounding } }) };
}
