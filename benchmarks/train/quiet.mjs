/**
 * Was anybody else computing? Threads that wait for each other lose far more than what they are robbed of, so a
 * turn in which other processes took part of the machine tells nothing. Linux only: elsewhere all is taken as quiet.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Share of all cores that others may take. */
const tolerated = 0.06;
/** The kernel counts in hundredths of a second. */
const tick = 0.01;

/** Seconds that all cores together have worked so far, stolen time of a virtual machine included; undefined if unknown. */
function busySeconds() {
  try {
    const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
      .split('\n', 1)[0]
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return tick * (user + nice + system + irq + softirq + steal);
  } catch {
    return undefined;
  }
}

/** Starts to watch; the function that it returns tells the share of the machine that others took since. */
export function watch() {
  const busy = busySeconds();
  const begin = performance.now();
  /** @param own processor seconds of the one that was measured */
  return (own) => {
    if (busy === undefined) return 0;
    const elapsed = (performance.now() - begin) / 1000;
    // Two ticks are the error of the counters.
    const others = busySeconds() - busy - own - 2 * tick;
    return Math.max(0, others) / (elapsed * availableParallelism());
  };
}

export const isQuiet = (share) => share <= tolerated;

/** Waits until nobody computes, but not longer than `seconds`. */
export async function quietMoment(seconds) {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const share = watch();
    await sleep(300);
    if (isQuiet(share(0)) || performance.now() > end) return;
  }
}
