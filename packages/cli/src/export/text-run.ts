/** The network of a run of texts as ONNX, with what a reader needs to make its inputs and to understand its output. */
import { exportBertOnnx } from '@surge-bnn/converter';
import type { LoadedText } from '@surge-bnn/train';
import { jsonObject } from '../model-file/json.js';
import { version } from '../workspace.js';

/** @throws InputError as exportBertOnnx. */
export function textRunOnnx({ network, wordPiece, data, spec, recipe, epoch }: LoadedText) {
  const { evaluation } = data;
  const { lowerCase, vocabulary } = wordPiece;
  return exportBertOnnx(network, {
    ...(evaluation.set === undefined ? {} : { classes: evaluation.set.classes }),
    metadata: {
      tokenizer: { kind: 'WordPiece', lowerCase, maxLength: spec.maxLength, vocabulary },
      // The recipe without folders, which are places on one machine.
      training: jsonObject({
        ...recipe,
        data: { ...recipe.data, directory: undefined },
        language: { ...recipe.language, vocabulary: undefined },
      }),
      provenance: { exporter: `surge-bnn ${version()}`, epoch, data: evaluation.sha256 },
    },
  });
}
