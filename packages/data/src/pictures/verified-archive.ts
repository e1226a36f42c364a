/**
 * Archives that are known by their SHA-256: computed once, then remembered by size and time of change.
 */
import { realpath, stat } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { hashOfFile } from '../checked-file.js';
import { cached } from './cache.js';

/** @throws InputError when the file is another one than `title`'s. */
export async function verifyArchive(file: string, sum: string, title: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  const key = `verified ${sum}\n${await realpath(file)}\n${size}\n${mtimeMs}`;
  await cached('verified', key, async () => {
    const found = await hashOfFile(file, 'sha256');
    if (found !== sum) {
      throw new InputError(
        `${file} is not the archive of ${title}: its SHA-256 is ${found}, not ${sum}`,
      );
    }
    return { facts: null, bytes: new Uint8Array(0) };
  });
}
