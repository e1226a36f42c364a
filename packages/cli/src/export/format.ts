/** What `surge-bnn export` can make of a model file: a format is a file here that exports one of these, named in formats.ts. */
import type { OpenedModel } from '../model-file/open.js';

export interface ExportFormat {
  /** Its name, and that of its option: 'onnx' is --onnx. */
  readonly name: string;
  /** Of the option, one line. */
  readonly description: string;
  /** A paragraph for the help. */
  readonly help: string;
  readonly example: string;
  /** The file's bytes. @throws InputError for a model that cannot be expressed. */
  write(opened: OpenedModel): Promise<Uint8Array>;
  /** What to do with the file now, one line a text. @param file where it is. */
  next(file: string, opened: OpenedModel): readonly string[];
}
