/**
 * Files that are whole or not there: written under a name of this process's own, synced, renamed.
 */
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './make-folder.js';
import { diskError } from './transfer.js';

/** Part files older than this were left by a process that is gone. */
const STALE_AFTER = 24 * 60 * 60 * 1000;

/** A name for a file in the making, beside `file`: no other process and no other call has it. */
export function partOf(file: string): string {
  const own = `${process.pid}-${randomBytes(4).toString('hex')}`;
  return path.join(path.dirname(file), `.${path.basename(file)}.${own}.part`);
}

/**
 * Writes `file`, and its folder if need be. Two processes at once end with one whole file, of either.
 *
 * @param another how to choose another folder, for the message.
 * @throws InputError when the disk refuses (full, read-only); a former file is then still there.
 */
export async function writeWhole(
  file: string,
  pieces: readonly Uint8Array[],
  another?: string,
): Promise<void> {
  const part = partOf(file);
  try {
    await makeFolder(path.dirname(file));
    const handle = await open(part, 'w');
    try {
      for (const piece of pieces) {
        // One write may take less than all of it.
        for (let done = 0; done < piece.length;) {
          const length = Math.min(piece.length - done, 1 << 30); // the system takes at most 2 GB
          done += (await handle.write(piece, done, length)).bytesWritten;
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw diskError(error, file, another) ?? error;
  }
}

/** Removes what killed processes left in `folder` long ago. */
export async function removeStaleParts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!(name.startsWith('.') && name.endsWith('.part'))) continue;
    const part = path.join(folder, name);
    // Another process may remove it first.
    const age = Date.now() - ((await stat(part).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > STALE_AFTER) await rm(part, { recursive: true, force: true });
  }
}
