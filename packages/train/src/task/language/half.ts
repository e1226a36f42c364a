/** A half of the texts as numbers, with what a run tells of it. */
import { unknownName } from '@surge-bnn/contract';
import { encodeTexts, textTaskNames } from '@surge-bnn/data';
import type { EncodedTexts, TextExample, TextSet, TextTask, TextTokenizer } from '@surge-bnn/data';
import { sha256 } from '../../hash.js';
import type { LanguageSpec } from '../../recipe/language.js';
import type { DataFacts } from '../task.js';

/** A half of the data. */
export interface EncodedHalf extends DataFacts {
  readonly encoded: EncodedTexts;
  /** The texts themselves, with labels; absent for pre-training. */
  readonly set?: TextSet;
  /** Those of pre-training on vectors, which the teacher reads. */
  readonly examples?: readonly TextExample[];
}

type Texts = Pick<TextSet, 'title' | 'examples' | 'classes' | 'sha256' | 'remarks'>;

/** The texts, encoded. */
export function factsOf(
  { title, examples, classes, sha256: hash, remarks }: Texts,
  tokenizer: TextTokenizer,
  { maxLength }: Pick<LanguageSpec, 'maxLength'>,
): EncodedHalf {
  const encoded = encodeTexts({ examples, classes }, tokenizer, { maxLength });
  const cut =
    encoded.truncated === 0
      ? []
      : [
          `${encoded.truncated} of ${encoded.count} texts are longer than ${maxLength} pieces and lose their ends`,
        ];
  return {
    title,
    count: encoded.count,
    classes,
    sha256: sha256(`${hash}/${hashPieces(encoded)}`),
    remarks: [...remarks, ...cut],
    encoded,
  };
}

/** Of what the vocabulary made of the texts: with another one they are other data. */
function hashPieces({ ids, offsets }: EncodedTexts): string {
  const bytes = ({ buffer, byteOffset, byteLength }: Int32Array) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return sha256(`${sha256(bytes(ids))}/${sha256(bytes(offsets))}`);
}

/** @throws InputError with the nearest right name. */
export function taskOf(name: string, key: string): TextTask {
  const task = textTaskNames.find((one) => one === name);
  if (task !== undefined) return task;
  throw unknownName(`text task in ${key}`, name, textTaskNames);
}
