/** A `*.bnn` file, opened: its bytes, what stands in it, and the model, detector or text model ready to run. */
import { readFile } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import type {
  DetectorSource,
  FileSize,
  ModelSource,
  PackedDetector,
  PackedModel,
  TextSource,
} from '@surge-bnn/runtime';
import type { PackedText } from '@surge-bnn/runtime/text';

export interface OpenedModel {
  readonly file: string;
  readonly source: ModelSource;
  readonly model: PackedModel;
  /** Of this file, byte for byte. */
  readonly size: FileSize;
}

export interface OpenedDetector {
  readonly file: string;
  readonly source: DetectorSource;
  readonly detector: PackedDetector;
  readonly size: FileSize;
}

export interface OpenedText {
  readonly file: string;
  readonly source: TextSource;
  readonly text: PackedText;
  readonly size: FileSize;
}

/** A file of any kind. */
export type OpenedFile = OpenedModel | OpenedDetector | OpenedText;

/** Is this the name of a model file (and not that of a run folder or of a recipe)? */
export function namesModelFile(given: string): boolean {
  return given.toLowerCase().endsWith('.bnn');
}

/**
 * A file of any kind.
 *
 * @throws InputError when there is no such file, ModelFileError when it is damaged; both name it.
 */
export async function openFile(file: string): Promise<OpenedFile> {
  const runtime = await import('@surge-bnn/runtime');
  const { decodeDetector, decodeModel, decodeText, fileKind, PackedDetector, PackedModel } =
    runtime;
  const { PackedText } = await import('@surge-bnn/runtime/text');
  return opened(file, (bytes) => {
    switch (fileKind(bytes)) {
      case 'model': {
        const source = decodeModel(bytes);
        return { file, source, model: PackedModel.from(source), size: sizeOf(bytes, source) };
      }
      case 'detector': {
        const source = decodeDetector(bytes);
        return { file, source, detector: PackedDetector.from(source), size: sizeOf(bytes, source) };
      }
      case 'text': {
        const source = decodeText(bytes);
        return { file, source, text: PackedText.from(source), size: sizeOf(bytes, source) };
      }
    }
  });
}

/** @throws InputError when there is no such file, ModelFileError when it is damaged or of another kind; both name it. */
export async function openModel(file: string): Promise<OpenedModel> {
  const { decodeModel, PackedModel } = await import('@surge-bnn/runtime');
  return opened(file, (bytes) => {
    const source = decodeModel(bytes);
    return { file, source, model: PackedModel.from(source), size: sizeOf(bytes, source) };
  });
}

async function opened<T>(file: string, make: (bytes: Uint8Array) => T): Promise<T> {
  const { ModelFileError } = await import('@surge-bnn/runtime');
  const bytes = await readModelFile(file);
  try {
    return make(bytes);
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
function sizeOf({ length }: Uint8Array, { tensors }: Pick<ModelSource, 'tensors'>): FileSize {
  const payload = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  return { header: length - payload, payload, total: length };
}
