/**
 * Whether a worker is alive. Browsers tell of a script's error, and nothing of a worker that was ended or ran out of memory; but a
 * lock that it holds is free when it is gone, whatever the reason.
 */

/** Holds the lock of that name for as long as this worker lives. Comes back when it is held. */
export async function holdLock(name: string): Promise<void> {
  if (!hasLocks()) return;
  await new Promise<void>((held, refused) => {
    navigator.locks
      .request(name, () => {
        held();
        return new Promise<never>(() => undefined);
      })
      .catch(refused);
  });
}

/** Calls when the worker that holds the lock is gone. Where the browser has no locks (a page over plain http), never. */
export function whenGone(name: string, gone: () => void, signal: AbortSignal): void {
  if (!hasLocks()) return;
  navigator.locks.request(name, { signal }, gone).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function hasLocks(): boolean {
  return 'locks' in navigator && navigator.locks !== undefined;
}
