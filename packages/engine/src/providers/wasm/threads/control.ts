/**
 * The part of the memory below the heap, where threads meet: assembly/ticket.ts has the first words, a job's description and its tasks'
 * results follow. Byte offsets.
 *
 * A job is numbers (f64): the kernel's number among the module's exports, how many arguments and tasks it has, and for each argument four:
 * `base`, `perTask`, `perThread`, `grain`. With a grain the argument is a count, what is left of `base` for this task but at most
 * `grain`; otherwise it is base + task perTask + thread perThread.
 */
export const control = {
  finished: 128,
  /** A thread that met an error in a kernel leaves a 1 here. */
  failed: 256,
  /** Members that have come, of all times. */
  present: 320,
  /** For each place the number of the member that has it, 0: nobody. Another one that still looks for work there leaves. */
  owners: 512,
  job: 1024,
  results: 8192,
  end: 65536,
} as const;

export const mostArguments = 24;
export const argumentNumbers = 4;
export const jobNumbers = 3 + mostArguments * argumentNumbers;
/** As many results as there is room for. */
export const mostTasks = (control.end - control.results) / 8;
