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

let active: Times | undefined;

/** Runs `f`, and adds its time to the running profile if there is one. Undefined (refused) does not count. */
export function timed<T>(kernel: string, path: KernelTime['path'], f: () => T): T {
  if (!active) return f();
  const times = active;
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

/**
 * Runs `fn` and reports every kernel that the engine ran meanwhile, slowest first.
 *
 * @example const { kernels } = await profileKernels(() => trainStep(batch));
 */
export async function profileKernels<T>(
  fn: () => T | Promise<T>,
): Promise<{ result: T; kernels: KernelTime[] }> {
  const outer = active;
  const times: Times = new Map();
  active = times;
  try {
    const result = await fn();
    const kernels = [...times.values()]
      .map(({ kernel, path, count, ms }) => ({ kernel, path, count, milliseconds: ms }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    return { result, kernels };
  } finally {
    active = outer;
  }
}
