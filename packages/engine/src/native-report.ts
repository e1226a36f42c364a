/** What there is to say about the native engine on this machine: `surge-bnn doctor` prints it. */
import type { Addon } from './providers/native/addon.js';

export interface NativeReport {
  /** Whether there is an addon. Node only: false elsewhere. */
  readonly built: boolean;
  /** Why it cannot be used, and what to do; absent when it works. */
  readonly problem?: string;
  /** Why the set-up could not build it, if that is so. */
  readonly leftOut?: string;
  /** Version of the oneDNN that it loads. */
  readonly oneDnn?: string;
  /** The instruction sets that its kernels were compiled for, and those of them that this CPU runs; best first. */
  readonly compiled: readonly string[];
  readonly runnable: readonly string[];
  /** The one whose kernels run. */
  readonly isa?: string;
  /** SURGE_ISA, where it is set. */
  readonly forced?: string;
  /** Threads of a training where nobody says how many: one for each core. */
  readonly threads: number;
  /** Bytes that the heap may come to. */
  readonly largestHeap: number;
}

/** Looks for the addon and loads it; never throws for what is wrong with it. */
export async function nativeReport(): Promise<NativeReport> {
  if (typeof process === 'undefined' || process.versions.node === undefined) {
    const problem = 'the native engine runs on Node only';
    return { built: false, problem, compiled: [], runnable: [], threads: 1, largestHeap: 0 };
  }
  const [{ isAddonBuilt, loadAddon, whyLeftOut }, { largestHeap }, { availableParallelism }] =
    await Promise.all([
      import('./providers/native/addon.js'),
      import('./providers/native/heap.js'),
      import('node:os'),
    ]);
  const forced = process.env['SURGE_ISA'] || undefined;
  const machine = {
    built: isAddonBuilt(),
    threads: availableParallelism(),
    largestHeap: largestHeap(),
    ...(forced === undefined ? {} : { forced }),
  };
  try {
    const addon = loadAddon();
    const { oneDnn, compiled, runnable } = addon;
    return { ...machine, oneDnn, compiled, runnable, ...chosenIsa(addon, forced) };
  } catch (error) {
    const leftOut = machine.built ? undefined : whyLeftOut();
    return {
      ...machine,
      problem: messageOf(error),
      ...(leftOut === undefined ? {} : { leftOut }),
      compiled: [],
      runnable: [],
    };
  }
}

function chosenIsa(
  { runnable, NativeProvider }: Addon,
  forced = runnable[0],
): { isa: string } | { problem: string } {
  // Not by making a provider, which would set the threads of the one that runs; only the addon's refusal is asked for.
  if (runnable.includes(forced)) return { isa: forced };
  try {
    return { isa: new NativeProvider(1, forced).isa() };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
