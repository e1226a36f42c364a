/** What the Hugging Face hub says of a model at one revision: the commit, and size and checksum of the files that make a BERT. */
import { InputError } from '@surge-bnn/contract';
import type { ModelEntry, PathInfo } from '@huggingface/hub';
import { networkReason } from '../transfer.js';

/** The hub's address; a mirror may stand for it. */
export const HUB = 'https://huggingface.co';

/** Files that a folder of a BERT must have, and those that it may have. */
const needed = ['config.json', 'model.safetensors', 'vocab.txt'] as const;
const optional = ['tokenizer_config.json'] as const;
/** Weights in other forms, to say what is there in the place of model.safetensors. */
const others = ['model.safetensors.index.json', 'pytorch_model.bin', 'tf_model.h5'] as const;

/** How a file is known: large ones by the SHA-256 of their LFS pointer, small ones by Git's SHA-1 of "blob <size>\\0" and the content. */
export interface HubSum {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly hex: string;
}

export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  readonly sum: HubSum;
}

export interface HubModel {
  /** 40 hex digits: files are fetched from this commit, whatever the revision becomes meanwhile. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export interface HubQuestion {
  /** As the hub has it: owner/name, or a name alone. */
  readonly name: string;
  /** A branch, a tag, a commit, or refs/pr/1. */
  readonly revision: string;
  readonly hub: string;
  readonly signal?: AbortSignal;
  /** Silence after which the hub is given up, milliseconds. */
  readonly patience: number;
}

/**
 * @throws InputError for a model or revision that is not there, one that asks for an account, one without the files of a BERT, and for a hub that does not
 * answer or answers something else.
 */
export async function describeModel(question: HubQuestion): Promise<HubModel> {
  const { name, revision, hub, signal, patience } = question;
  const { modelInfo, pathsInfo } = await import('@huggingface/hub');
  // An error page that says it is JSON hides the status behind what the library makes of it.
  let refused: number | undefined;
  const request = {
    hubUrl: hub,
    async fetch(url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
      const limits = [AbortSignal.timeout(patience), ...(signal === undefined ? [] : [signal])];
      const response = await fetch(url, { ...init, signal: AbortSignal.any(limits) });
      if (!response.ok) refused = response.status;
      return response;
    },
  };
  let info: ModelEntry & { sha: string };
  let paths: PathInfo[];
  try {
    info = await modelInfo({ name, revision, additionalFields: ['sha'], ...request });
    // The hub is no authority on what its answers hold.
    checkInfo(info, question);
    const all = [...needed, ...optional, ...others];
    paths = await pathsInfo({ repo: name, revision: info.sha, paths: all, ...request });
  } catch (error) {
    throw explained(error, question, refused);
  }
  const found = new Map(paths.filter(({ type }) => type === 'file').map((one) => [one.path, one]));
  const files = [...needed, ...optional].flatMap((file) => {
    const path = found.get(file);
    return path === undefined ? [] : [hubFile(path, question)];
  });
  const missing = needed.filter((file) => !found.has(file));
  if (missing.length > 0) throw incomplete(missing, [...found.keys()], question);
  return { commit: info.sha, files };
}

function checkInfo(
  { sha, gated }: { sha: unknown; gated: unknown },
  { name, hub }: HubQuestion,
): void {
  if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw foreign(hub, 'no commit');
  if (gated === undefined || gated === false) return;
  throw new InputError(
    `"${name}" is gated: its owner asks to accept terms at ${hub}/${name} first, with an account, which this command has not; take its files from there into a folder yourself`,
  );
}

function hubFile({ path, size, oid, lfs }: PathInfo, { hub }: HubQuestion): HubFile {
  const bytes: unknown = lfs === undefined ? size : lfs.size;
  const sum: HubSum =
    lfs === undefined
      ? { algorithm: 'git-sha1', hex: String(oid) }
      : { algorithm: 'sha256', hex: String(lfs.oid) };
  const digits = { 'git-sha1': 40, sha256: 64 }[sum.algorithm];
  if (!/^[0-9a-f]+$/.test(sum.hex) || sum.hex.length !== digits)
    throw foreign(hub, `no checksum of ${path}`);
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) {
    throw foreign(hub, `no size of ${path}`);
  }
  return { name: path, bytes, sum };
}

function incomplete(
  missing: readonly string[],
  found: readonly string[],
  { name, revision, hub }: HubQuestion,
): InputError {
  const weights = others.filter((file) => found.includes(file));
  const instead =
    missing.includes('model.safetensors') && weights.length > 0
      ? `; it has ${weights.join(', ')}, which is not read here: a revision with one model.safetensors, such as refs/pr/1, may be among ${hub}/${name}/discussions`
      : '';
  return new InputError(`"${name}" has no ${missing.join(', ')} at revision ${revision}${instead}`);
}

function foreign(hub: string, what: string): InputError {
  return new InputError(`${hub} does not answer as the Hugging Face hub does: ${what}`);
}

/** An error of the library in a sentence. @param status of an answer that was none of success. */
function explained(error: unknown, question: HubQuestion, status: number | undefined): unknown {
  const { name, revision, hub, signal, patience } = question;
  if (error instanceof InputError) return error;
  if (signal?.aborted === true) {
    return new InputError(`the download of "${name}" was stopped before its end`, { cause: error });
  }
  const say = (sentence: string) => new InputError(sentence, { cause: error });
  if (status === 401 || status === 403) {
    return say(
      `"${name}" cannot be had from ${hub} without an account (HTTP ${status}): there is no such model, or it is private, or gated`,
    );
  }
  if (status === 404) {
    return say(
      `${hub} has no model "${name}", or it has no revision "${revision}" (HTTP 404); look at ${hub}/models`,
    );
  }
  if (status !== undefined) {
    return say(`${hub} did not answer for "${name}" (HTTP ${status}); try again later`);
  }
  if (error instanceof SyntaxError) return foreign(hub, 'its answer is no JSON');
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return say(`${hub} sent nothing for ${patience / 1000} s; check the network`);
  }
  const reason = error instanceof Error && 'cause' in error ? networkReason(error) : undefined;
  if (reason === undefined) return error;
  return say(
    `"${name}" could not be looked up at ${hub} (${reason}); check the network, or put the files of the model into a folder yourself`,
  );
}
