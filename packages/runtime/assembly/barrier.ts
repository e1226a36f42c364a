/**
 * Threads wait for each other between two stages, spinning: a stage takes some microseconds, a sleep and its end took longer.
 */

/** Half a minute and more: by then a thread is dead, and an error is better than no answer. */
const PATIENCE: i64 = 1 << 36;

/**
 * @param barrier two words of 0 at first: how many have come, and how often all have.
 */
export function wait(barrier: usize, threads: i32): void {
  const round = atomic.load<i32>(barrier + 4);
  if (atomic.add<i32>(barrier, 1) == threads - 1) {
    atomic.store<i32>(barrier, 0);
    atomic.store<i32>(barrier + 4, round + 1);
    return;
  }
  for (let tries: i64 = 0; atomic.load<i32>(barrier + 4) == round; tries++) {
    if (tries == PATIENCE) unreachable();
  }
}
