/** A trained text model becomes a packed file, tokenizer and all, with the proof that both compute the same. */
import { encodeText, textFileSize } from '@surge-bnn/runtime';
import type { JsonObject } from '@surge-bnn/runtime';
import { floatBytes, roundingOf } from '../convert.js';
import { formsOf } from '../ends/forms.js';
import { RoundedEvaluation } from '../ends/rounded-evaluation.js';
import { packText } from './pack-text.js';
import { proveText } from './text-proof.js';
import type {
  ConvertTextOptions,
  ShippableText,
  TableForm,
  TextAgreement,
  TextConversion,
} from './types.js';

/**
 * Converts a trained text model: packs it, loads the packed one from its own bytes, runs it beside the trained one in canonical
 * arithmetic on all of `texts`, and writes the agreement into the file. Where tables or kernels are rounded, or pieces left out, the trained
 * network is evaluated with the same changes, so that equality is bit for bit still, and the report tells what they changed.
 *
 * @param network of @surge-bnn/language; a compensator that is still attached plays no part. It must not be used until this has ended, and
 * is then as it was.
 * @throws InputError naming the layer that cannot be packed, and why; for no texts, and for a tokenizer or options that do not fit.
 * @throws DisagreementError when any logit differs in any bit, or the tokenizer in the file reads any text differently.
 */
export async function convertText(
  network: ShippableText,
  options: ConvertTextOptions,
): Promise<TextConversion> {
  const { model } = network;
  const { compact = false, training, provenance, tables = 'f16' } = options;
  const { source, layers, kept } = packText(network, options);
  const forms = formsOf(model, options);
  // The tokenizer comes with it, which nobody else who converts needs.
  const { PackedText } = await import('@surge-bnn/runtime/text');
  // From its own bytes: what is proven is what a reader gets.
  const packed = PackedText.fromBytes(encodeText(source, { compact }));
  const rounded = new RoundedEvaluation(model, forms, new Map());
  const keptCount = kept.filter(Boolean).length;
  let agreement: TextAgreement;
  try {
    agreement = await proveText(model, packed, {
      ...options,
      tables,
      kept,
      rounded,
      roundingOf: [...changesOf(tables, kept.length - keptCount), ...roundingOf(forms, false)],
    });
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
    bytes: encodeText(proven, { compact }),
    report: {
      layers,
      agreement,
      size: textFileSize(proven, { compact }),
      floatBytes: floatBytes(model),
      vocabulary: { pieces: kept.length, kept: keptCount },
    },
  };
}

function changesOf(tables: TableForm, gone: number): readonly string[] {
  return [
    ...(tables === 'f32' ? [] : [tables === 'f16' ? 'float16 tables' : 'int8 tables']),
    ...(gone > 0 ? [`${gone} pieces without a vector`] : []),
  ];
}

function agreementJson({ rounding, ...rest }: TextAgreement): JsonObject {
  return {
    ...rest,
    ...(rounding && {
      rounding: {
        ...rounding,
        differentPredictions: rounding.differentPredictions.map((one) => ({ ...one })),
      },
    }),
  };
}
