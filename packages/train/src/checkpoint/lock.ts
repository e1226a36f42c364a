/**
 * One process per run folder. The lock file names its holder; the lock of a process that is gone is taken
 * over, one on another machine cannot be judged and is respected. A file is there before its content: an empty
 * lock is being written, or its writer was killed in between.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { InputError } from '@surge-bnn/contract';
import { diskError } from './atomic.js';

/**
 * Locks the folder and returns how to unlock it.
 *
 * @throws InputError when a living process holds it, naming that process.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'run.lock');
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw diskError(path, error);
      }
    }
    await removeStale(path, folder);
  }
  throw new InputError(`${folder} is being locked and unlocked by other processes; try again`);
}

async function removeStale(path: string, folder: string): Promise<void> {
  const text = await readWritten(path);
  if (text === undefined) return;
  const { pid, host } = parseHolder(text);
  const away = text === '' || (host === hostname() && pid !== undefined && !isAlive(pid));
  if (!away) {
    const who =
      pid === undefined ? 'another process' : `process ${pid} on ${host ?? 'an unknown host'}`;
    throw new InputError(
      `${folder} is in use by ${who}; wait for it, use another folder, or remove ${path} if no such process runs`,
    );
  }
  // Renamed first: of two processes that see the same stale lock only one gets to remove it, and a new
  // lock that took its place in between is noticed and put back.
  const aside = `${path}.stale-${process.pid}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => undefined);
  if (moved !== undefined && moved !== text) {
    await rename(aside, path);
    throw new InputError(
      `${folder} is in use by another process; wait for it or use another folder`,
    );
  }
  await rm(aside, { force: true });
}

/** The lock's content; '' when nobody has written any in a second, undefined when the lock is gone. */
async function readWritten(path: string): Promise<string | undefined> {
  for (let look = 0; ; look++) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== '' || look === 20) return text;
    await wait(50);
  }
}

function parseHolder(text: string): { pid?: number; host?: string } {
  try {
    const holder: unknown = JSON.parse(text);
    if (typeof holder !== 'object' || holder === null) return {};
    const pid: unknown = Reflect.get(holder, 'pid');
    const host: unknown = Reflect.get(holder, 'host');
    return {
      pid: typeof pid === 'number' ? pid : undefined,
      host: typeof host === 'string' ? host : undefined,
    };
  } catch {
    return {};
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
