/**
 * How threads share the tasks of one kernel call. The caller announces a job of some tasks; it and the other threads claim them one by
 * one, and it waits until all are finished: not until every thread was there, so that one that sleeps, is late or is dead costs
 * nothing unless it holds a task.
 *
 * The ticket is one 64-bit word: the job's generation above, the tasks nobody has claimed yet below. A claim exchanges the whole word, so
 * it can only succeed on the job that the claimant has seen, while that job has an unclaimed task; and as long as it has, the caller
 * waits and the job's description stays. A thread that comes too late finds another generation, or none left. What is finished is counted
 * in a word of the same kind.
 *
 * Nothing here runs on one thread: memory that is not shared allows these instructions, but not `rest`.
 */

/** Words of their own cache lines, below the heap: src/providers/wasm/threads/control.ts has the same. */
const TICKET: usize = 64;
const GENERATION: usize = TICKET + 4;
const FINISHED: usize = 128;
const SLEEPERS: usize = 192;

/** Looks at the generation before a thread without work sleeps: some hundred microseconds, longer than JavaScript takes between two kernels. */
const IDLE: i32 = 200_000;
/** Looks at the finished tasks before the caller does something else: some milliseconds, longer than a task takes. */
const PATIENCE: i32 = 1_000_000;
/** A sleeper looks around after so many nanoseconds, or its thread could not be ended. */
const NAP: i64 = 100_000_000;

/** Opens a job to all threads; returns its generation. */
export function announce(tasks: i32): i32 {
  const generation = load<i32>(GENERATION) + 1;
  const stamp = (<u64>(<u32>generation)) << 32;
  atomic.store<u64>(FINISHED, stamp);
  atomic.store<u64>(TICKET, stamp | (<u64>(<u32>tasks)));
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, -1);
  return generation;
}

/** Takes a task of that job: returns how many were unclaimed with it, 0 when there is none (any more). */
export function claim(generation: i32): i32 {
  while (true) {
    const ticket = atomic.load<u64>(TICKET);
    if (<i32>(ticket >> 32) != generation || <u32>ticket == 0) return 0;
    if (atomic.cmpxchg<u64>(TICKET, ticket, ticket - 1) == ticket) return <i32>ticket;
  }
}

/** Counts a task of that job as finished; of an older one, which its caller has given up, not. */
export function finish(generation: i32): void {
  while (true) {
    const count = atomic.load<u64>(FINISHED);
    if (<i32>(count >> 32) != generation) return;
    if (atomic.cmpxchg<u64>(FINISHED, count, count + 1) == count) return;
  }
}

/** Tasks of the present job that are finished, after waiting a little for `tasks`. */
export function finished(tasks: i32): i32 {
  let done = atomic.load<i32>(FINISHED);
  for (let i = 0; i < PATIENCE && done < tasks; i++) done = atomic.load<i32>(FINISHED);
  return done;
}

/** Waits for a job of another generation than the last one seen; returns what the generation then is, changed or not. */
export function rest(seen: i32): i32 {
  for (let i = 0; i < IDLE; i++) {
    const generation = atomic.load<i32>(GENERATION);
    if (generation != seen) return generation;
  }
  // First counted, then looked again by `wait`: the announcer stores first and counts sleepers then, so one of both sees the other.
  atomic.add<i32>(SLEEPERS, 1);
  atomic.wait<i32>(GENERATION, seen, NAP);
  atomic.sub<i32>(SLEEPERS, 1);
  return atomic.load<i32>(GENERATION);
}
