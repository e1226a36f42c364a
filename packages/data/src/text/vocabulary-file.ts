/** The vocabulary of bert-base-uncased, which recipes and pre-trained networks are written in: where it lies, and how to get it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { folderOf } from '../directory.js';
import { prepareFolder, type Patience } from '../download.js';
import type { DirectoryOption, FetchOptions, FetchResult } from '../types.js';
import type { TextFile } from './catalogue.js';
import { fetchFile } from './fetch.js';

/** Its name for `surge-bnn data fetch`. */
export const vocabularyName = 'bert-vocabulary';

/** How many pieces it has. */
export const vocabularyPieces = 30_522;

const FOLDER = 'text-encoder';

/** As published with bert-base-uncased (Devlin et al. 2019; Apache-2.0). */
const published: TextFile = {
  name: 'bert-base-uncased-vocab.txt',
  address: 'vocab.txt',
  bytes: 231_508,
  sha256: '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
  mirrors: ['https://huggingface.co/google-bert/bert-base-uncased/resolve/main/'],
};

/** Where the file is, or would be: `text-encoder/bert-base-uncased-vocab.txt` of the data directory. */
export function vocabularyFile(options: DirectoryOption = {}): string {
  return path.join(folderOf(FOLDER, options), published.name);
}

/** What `surge-bnn data list` says of it. */
export function describeVocabulary(options: DirectoryOption = {}) {
  return {
    name: vocabularyName,
    title: 'WordPiece vocabulary of bert-base-uncased, 30,522 pieces',
    bytes: published.bytes,
    how: `surge-bnn data fetch ${vocabularyName}`,
    licence: 'Apache-2.0',
    where: vocabularyFile(options),
    present: existsSync(vocabularyFile(options)),
  };
}

/**
 * Downloads it, its checksum compared.
 *
 * @param file other bytes, for tests.
 * @throws InputError when it cannot: no network, wrong checksum, full disk, stopped by the signal.
 */
export async function fetchVocabulary(
  options: FetchOptions = {},
  { file = published, patience }: { readonly file?: TextFile; readonly patience?: Patience } = {},
): Promise<FetchResult> {
  const where = folderOf(FOLDER, options);
  await prepareFolder(where);
  const isKept = await fetchFile(file, where, options, { patience });
  return isKept
    ? { where, downloaded: [], kept: [file.name] }
    : { where, downloaded: [file.name], kept: [] };
}
