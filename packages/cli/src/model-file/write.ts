/** Where a conversion or an export puts its file: whole or not at all, and never over something else unasked. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { makeFolder } from '@surge-bnn/data';
import { diskError, writeAtomic } from '@surge-bnn/train';

/**
 * Refuses a place where no file can be, before the work is done.
 *
 * @throws InputError as writeModelFile will.
 */
export async function checkPlace(file: string): Promise<void> {
  await contentOf(file);
}

/**
 * Refuses a place that is taken, before the work is done.
 *
 * @throws InputError when something is there and `force` is not given, or no file can be.
 */
export async function checkFree(file: string, force = false, option = '--out'): Promise<void> {
  if ((await contentOf(file)) === undefined || force) return;
  throw new InputError(
    `${file} is there already; replace it with --force or give another name with ${option}`,
  );
}

/**
 * Writes the file and makes its folder if need be. A file with exactly these bytes is left as it is.
 *
 * @param option names the place on the command line.
 * @throws InputError when the place is taken by something else and `force` is not given, or the disk refuses.
 */
export async function writeModelFile(
  file: string,
  bytes: Uint8Array,
  force = false,
  option = '--out',
): Promise<'written' | 'unchanged'> {
  const there = await contentOf(file);
  if (there !== undefined) {
    if (there.equals(bytes)) return 'unchanged';
    if (!force) {
      throw new InputError(
        `${file} is there already and holds something else; replace it with --force or give another name with ${option}`,
      );
    }
  }
  await makeFolder(path.dirname(file)).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (taken) throw new InputError(`cannot write ${file}: a part of the path is not a folder`);
    throw diskError(file, error);
  });
  await writeAtomic(file, bytes);
  return 'written';
}

/** Undefined where there is nothing. */
async function contentOf(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    throw diskError(file, error);
  }
}
