/** What `surge-bnn export` can make of a model file, or of a run of texts: a format is a file here that exports one of these, named in formats.ts. */
import type { LoadedText } from '@surge-bnn/train';
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
  /** The same of a run of texts, whose network takes texts of any length; absent: the format is of model files alone. */
  readonly ofTextRun?: {
    write(run: LoadedText): Promise<Uint8Array>;
    next(file: string, run: LoadedText): readonly string[];
  };
}
