/**
 * Archives that are known by their SHA-256: computed once, then remembered by size and time of change.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { cached } from './cache.js';

/** @throws InputError when the file is another one than `title`'s. */
export async function verifyArchive(file: string, sum: string, title: string): Promise<void> {
  const { size, mtimeMs } = await stat(file);
  const key = `verified ${sum}\n${await realpath(file)}\n${size}\n${mtimeMs}`;
  await cached('verified', key, async () => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    const found = hash.digest('hex');
    if (found !== sum) {
      throw new InputError(
        `${file} is not the archive of ${title}: its SHA-256 is ${found}, not ${sum}`,
      );
    }
    return { facts: null, bytes: new Uint8Array(0) };
  });
}
