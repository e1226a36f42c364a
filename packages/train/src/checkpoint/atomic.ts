/**
 * Files that are either the old ones or the new ones, never half of each: written beside their place, synced to
 * the disk, renamed over.
 */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '@surge-bnn/contract';

/**
 * Replaces the file's content in one step.
 *
 * @throws InputError when the disk refuses (full, read-only); the former file is then still there.
 */
export async function writeAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskError(path, error);
  }
  await syncFolder(dirname(path));
}

/** What the file system said, as a user's error if it is one that the user can mend. */
export function diskError(path: string, error: unknown): unknown {
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'no permission',
    EPERM: 'no permission',
    EROFS: 'the file system is read-only',
    EISDIR: 'a folder has this name',
    ENOENT: 'no folder can be made there',
    ENOTDIR: 'a part of the path is not a folder',
    EFBIG: 'the file would be too large',
    EIO: 'the disk reports an error',
  };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons[code];
  return reason === undefined
    ? error
    : new InputError(`cannot write ${path}: ${reason} (${code})`, { cause: error });
}

/** Makes the rename itself durable. Some file systems refuse to sync a folder; then there is nothing to do. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
