/**
 * Threads wait for each other between two stages, spinning: a stage takes some microseconds, a sleep and its end took longer.
 */

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
  while (atomic.load<i32>(barrier + 4) == round) {}
}
