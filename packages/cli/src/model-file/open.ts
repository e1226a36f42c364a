/** A `*.bnn` file, opened: its bytes, what stands in it, and the model ready to run. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import type { FileSize, ModelSource, PackedModel } from '@surge-bnn/runtime';

export interface OpenedModel {
  readonly file: string;
  readonly source: ModelSource;
  readonly model: PackedModel;
  /** Of this file, byte for byte. */
  readonly size: FileSize;
}

/** Is this the name of a model file (and not that of a run folder or of a recipe)? */
export function namesModelFile(given: string): boolean {
  return given.toLowerCase().endsWith('.bnn');
}

/** @throws InputError when there is no such file, ModelFileError when it is damaged; both name it. */
export async function openModel(file: string): Promise<OpenedModel> {
  const { decodeModel, ModelFileError, PackedModel } = await import('@surge-bnn/runtime');
  const bytes = await readModelFile(file);
  try {
    const source = decodeModel(bytes);
    return { file, source, model: PackedModel.from(source), size: sizeOf(bytes, source) };
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    throw new ModelFileError(`${file}: ${error.message}`, { cause: error });
  }
}

async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(`the model file ${file} ${whyUnreadable(error)}`, { cause: error });
  }
}

/** Why a file cannot be read, to be put after its name. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EISDIR') return 'is a folder';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** What is not tensors is header, compressed or not. */
function sizeOf({ length }: Uint8Array, { tensors }: ModelSource): FileSize {
  const payload = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { header: length - payload, payload, total: length };
}
