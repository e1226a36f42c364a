/**
 * Where the time goes, by TF.js kernel name. Off by default; when off, a kernel pays for one comparison.
 */

export interface KernelTime {
  readonly kernel: string;
  /** 'engine': a kernel of the table; 'cpu': a copied TF.js CPU kernel, the slow path. */
  readonly path: 'engine' | 'cpu';
  readonly count: number;
  readonly milliseconds: number;
}

type Times = Map<string, { kernel: string; path: KernelTime['path']; count: number; ms: number }>;

/** One step inside a kernel, where a provider tells its steps apart. */
export interface PartTime {
  readonly part: string;
  readonly count: number;
  readonly milliseconds: number;
}

interface Profile {
  readonly kernels: Times;
  readonly parts: Map<string, { count: number; ms: number }>;
}

let active: Profile | undefined;

/** Runs `f`, and adds its time to the running profile if there is one. Undefined (refused) does not count. */
export function timed<T>(kernel: string, path: KernelTime['path'], f: () => T): T {
  if (!active) return f();
  const times = active.kernels;
  const start = performance.now();
  const result = f();
  if (result === undefined) return result;
  const key = `${kernel} ${path}`;
  const entry = times.get(key) ?? { kernel, path, count: 0, ms: 0 };
  entry.count++;
  entry.ms += performance.now() - start;
  times.set(key, entry);
  return result;
}

/** The same for a step inside a kernel, whose time the kernel's own holds too. */
export function timedPart(part: string, f: () => void): void {
  const start = performance.now();
  f();
  notePart(part, performance.now() - start);
}

/** Adds a step's time, measured elsewhere, to the running profile if there is one. */
export function notePart(part: string, milliseconds: number): void {
  if (!active || milliseconds === 0) return;
  const entry = active.parts.get(part) ?? { count: 0, ms: 0 };
  entry.count++;
  entry.ms += milliseconds;
  active.parts.set(part, entry);
}

/**
 * Runs `fn` and reports every kernel that the engine ran meanwhile, slowest first; and the parts of kernels that a provider times
 * apart (the native one: the products of each branch of a binary layer's backward).
 *
 * @example const { kernels } = await profileKernels(() => trainStep(batch));
 */
export async function profileKernels<T>(
  fn: () => T | Promise<T>,
): Promise<{ result: T; kernels: KernelTime[]; parts: PartTime[] }> {
  const outer = active;
  const profile: Profile = { kernels: new Map(), parts: new Map() };
  active = profile;
  try {
    const result = await fn();
    const kernels = [...profile.kernels.values()]
      .map(({ kernel, path, count, ms }) => ({ kernel, path, count, milliseconds: ms }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    const parts = [...profile.parts]
      .map(([part, { count, ms }]) => ({ part, count, milliseconds: ms }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    return { result, kernels, parts };
  } finally {
    active = outer;
  }
}
