/**
 * Makes a folder and those above it that are missing, one by one. Not by mkdir's `recursive`, which in Node 20 tries for ever
 * where the system refuses with ENOENT (below /proc).
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** @throws what the system says: EEXIST or ENOTDIR where a part of the path is a file, EACCES, EROFS, .. */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  let at = path.resolve(folder);
  while (!(await isFolder(at)) && at !== path.dirname(at)) {
    missing.push(at);
    at = path.dirname(at);
  }
  for (const one of missing.reverse()) {
    try {
      await mkdir(one);
    } catch (error) {
      // Another process may have been faster.
      if (!(await isFolder(one))) throw error;
    }
  }
}

async function isFolder(at: string): Promise<boolean> {
  try {
    return (await stat(at)).isDirectory();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
