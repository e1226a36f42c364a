/** The network of a run of texts as ONNX, with what a reader needs to make its inputs and to understand its output. */
import { InputError } from '@surge-bnn/contract';
import { exportBertOnnx } from '@surge-bnn/converter';
import { WordPiece } from '@surge-bnn/data';
import type { LoadedText } from '@surge-bnn/train';
import { trainingOf } from '../model-file/convert-run.js';
import { version } from '../workspace.js';

/** @throws InputError as exportBertOnnx, and for a sentence encoder. */
export function textRunOnnx(run: LoadedText) {
  const { network, data, spec, epoch } = run;
  const { evaluation, tokenizer } = data;
  if (network.kind !== 'bert' || !(tokenizer instanceof WordPiece)) {
    throw new InputError('a sentence encoder cannot be exported as ONNX; a run of bert can');
  }
  const { lowerCase, vocabulary } = tokenizer;
  return exportBertOnnx(network, {
    ...(evaluation.set === undefined ? {} : { classes: evaluation.set.classes }),
    metadata: {
      tokenizer: { kind: 'WordPiece', lowerCase, maxLength: spec.maxLength, vocabulary },
      training: trainingOf(run),
      provenance: { exporter: `surge-bnn ${version()}`, epoch, data: evaluation.sha256 },
    },
  });
}
