/** What a person may set. */

/** The engines that a page can have, the first by default. */
export const engineNames = ['surge-wasm', 'webgl', 'webgpu'] as const;
export type EngineName = (typeof engineNames)[number];

export interface Settings {
  readonly engine: EngineName;
  readonly threads: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the compensator: lam = eta |g_b| / |g_a|. */
  readonly eta: number;
  readonly seed: number;
}

/** As many threads as surge-wasm takes. */
export const mostWasmThreads = 64;

/** How many threads an engine may get here, and how many it gets by itself. */
export function threadsHere(
  engine: EngineName,
  { isolated, cores }: { readonly isolated: boolean; readonly cores: number },
): { readonly most: number; readonly auto: number } {
  const most = engine === 'surge-wasm' && isolated ? mostWasmThreads : 1;
  return { most, auto: Math.min(most, cores, 4) };
}
