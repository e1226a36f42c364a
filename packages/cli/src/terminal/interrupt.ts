/**
 * Ctrl-C during long work: the first asks the work to stop at its next safe point (a training run writes a
 * checkpoint there), the second leaves at once. A closed output pipe counts as the first.
 */
import { survivesClosedPipe } from './output.js';

/** 128 + SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C back its usual meaning. */
  readonly release: () => void;
}

/**
 * Work that ends where it stands when Ctrl-C asks it to.
 *
 * @param announce as for `catchInterrupts`.
 * @returns the work's exit code, or 130 when it ended with the signal's own reason.
 */
export async function interruptible(
  announce: () => void,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const { signal, release } = catchInterrupts(announce);
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return EXIT_INTERRUPTED;
    throw error;
  } finally {
    release();
  }
}

/** @param announce says what is happening now, once. */
export function catchInterrupts(announce: () => void): Interrupt {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
    controller.abort();
    announce();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.on(name, stop);
  survivesClosedPipe(() => {
    controller.abort();
  });
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, stop);
    },
  };
}
