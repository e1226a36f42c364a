/**
 * A BERT's files from the Hugging Face hub: config.json, model.safetensors, vocab.txt and, where there is one, tokenizer_config.json, into a folder that
 * `openBert` of @surge-bnn/language and `openWordPiece` read. The folder bears the commit's number, so that files of two commits never stand in one; large
 * files go on where a stopped download left them.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { checkKeys, InputError } from '@surge-bnn/contract';
import { errorCode, hashOfFile } from '../checked-file.js';
import { folderOf } from '../directory.js';
import { download, prepareFolder, type Patience } from '../download.js';
import type { FetchOptions, FetchResult } from '../types.js';
import { writeWhole } from '../write-file.js';
import { describeModel, HUB, type HubFile, type HubModel } from './describe.js';

export interface FetchModelOptions extends FetchOptions {
  /** A branch, a tag, a commit, or a pull request's refs/pr/1. Default 'main'. */
  readonly revision?: string;
}

export interface FetchedModel extends FetchResult {
  /** The commit that the files are of. */
  readonly commit: string;
}

const optionKeys = ['directory', 'baseUrl', 'signal', 'onProgress', 'revision'];
/** What the folder holds and where it is from, as JSON; written last. */
const RECEIPT = 'hub.json';
const STALL = 30_000;

/**
 * ```ts
 * const { where } = await fetchModel('prajjwal1/bert-tiny', { revision: 'refs/pr/1' });
 * const { network } = await openBert(where);
 * ```
 *
 * Checksums are the hub's own. `baseUrl` is the hub's address, for a mirror of it. Public models alone: there is no way to give an account.
 *
 * @throws InputError when the hub has no such model or revision, it is gated or has not the files of a BERT, no network is there, a file comes with another checksum,
 * the disk refuses, or the signal stops it.
 */
export async function fetchModel(
  name: string,
  options: FetchModelOptions = {},
  patience?: Patience,
): Promise<FetchedModel> {
  checkKeys(options, optionKeys, 'fetchModel');
  checkName(name);
  const { baseUrl = HUB, revision = 'main', ...rest } = options;
  const hub = baseUrl.replace(/\/+$/, '');
  if (!URL.canParse(hub)) {
    throw new InputError(`"${baseUrl}" is not the address of a hub; give one such as ${HUB}`);
  }
  const { signal, onProgress } = options;
  const stallAfter = patience?.stallAfter ?? STALL;
  const model = await describeModel({ name, revision, hub, signal, patience: stallAfter });
  const where = path.join(folderOf('models', options), ...folderParts(name, model));
  await prepareFolder(where);
  const downloaded: string[] = [];
  const kept: string[] = [];
  for (const file of model.files) {
    const { name: own, bytes } = file;
    const at = path.join(where, own);
    if ((await problemOf(at, file)) === undefined) {
      onProgress?.({ file: own, state: 'present', received: bytes, total: bytes });
      kept.push(own);
      continue;
    }
    const problem = (part: string) => problemOf(part, file);
    const remote = { name: own, bytes, mostBytes: bytes, resumable: true, problem };
    await download(remote, [`${hub}/${name}/resolve/${model.commit}/`], where, rest, patience);
    downloaded.push(own);
  }
  const receipt = { name, revision, hub, ...model };
  const text = new TextEncoder().encode(`${JSON.stringify(receipt, null, 2)}\n`);
  await writeWhole(path.join(where, RECEIPT), [text], 'with --directory or SURGE_BNN_DATA');
  return { where, downloaded, kept, commit: model.commit };
}

/** @throws InputError for what is no name of the hub's: it becomes a folder's name. */
function checkName(name: string): void {
  const parts = name.split('/');
  const isPlain = parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part));
  if (isPlain && parts.length <= 2) return;
  throw new InputError(
    `"${name}" is no name of a model; the hub has owner/name, such as google-bert/bert-base-uncased`,
  );
}

const folderParts = (name: string, { commit }: HubModel) => [
  name.replace('/', '--'),
  commit.slice(0, 12),
];

/** What is wrong with the file at this path, or undefined. */
async function problemOf(file: string, { bytes, sum }: HubFile): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    if (size !== bytes) return `it has ${size} bytes, the hub says ${bytes}`;
    const actual =
      sum.algorithm === 'git-sha1'
        ? await hashOfFile(file, 'sha1', `blob ${size}\0`)
        : await hashOfFile(file, 'sha256');
    return actual === sum.hex
      ? undefined
      : `wrong checksum: ${sum.algorithm} ${actual}, the hub says ${sum.hex}`;
  } catch (error) {
    return `it cannot be read (${errorCode(error)})`;
  }
}
