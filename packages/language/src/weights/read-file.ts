/** A file's bytes; one that cannot be read is the user's mistake. Node only. */
import { InputError } from '@surge-bnn/contract';

/** @param hint what should be there. @throws InputError naming the file and why. */
export async function readModelFile(file: string, hint?: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(`${file} cannot be read (${why})${hint === undefined ? '' : `; ${hint}`}`);
  }
}
