/**
 * The compiled kernels on a heap: how a module is brought to life, and what all kernels of this provider work with.
 */
import { shareMemory } from '@surge-bnn/runtime';
import type { KernelExports } from './kernel-exports.js';
import { Scratch, WasmHeap } from './memory.js';
import { Team } from './threads/team.js';

/** What every kernel of this provider works with. */
export interface Engine {
  readonly heap: WasmHeap;
  readonly scratch: Scratch;
  /** Computes a kernel in tasks, on as many threads as there are. */
  readonly team: Team;
  readonly tileBytes: number;
  /** Changes to kernels that round products and sums once or twice (fused.ts says whether this host can do the former). */
  load(fused: boolean): Promise<void>;
}

/** Decodes base64 in Node and browsers alike. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/**
 * Compiles the kernels and gives them a fresh heap.
 *
 * @param heap its memory is shared where threads are to be possible.
 */
export async function createEngine(heap = new WasmHeap()): Promise<Engine> {
  let fusedNow = false;
  const first = await instantiate(heap, fusedNow);
  const team = new Team(heap.memory, first);
  return {
    heap,
    scratch: new Scratch(heap),
    team,
    tileBytes: first.wasm.tileBytes(),
    async load(fused) {
      if (fused === fusedNow) return;
      team.adopt(await instantiate(heap, fused));
      fusedNow = fused;
    },
  };
}

/** A module and its kernels on the caller's thread. */
export interface Kernels {
  readonly module: WebAssembly.Module;
  readonly wasm: KernelExports;
}

/** Compiles a module, for products rounded once or twice, on a heap. */
export async function instantiate(heap: WasmHeap, fused: boolean): Promise<Kernels> {
  const { kernelModule } = await (fused ? import('./module-fused.js') : import('./module.js'));
  const bytes = decode(kernelModule);
  const module = await WebAssembly.compile(heap.shared ? shareMemory(bytes) : bytes);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory: heap.memory } });
  return { module, wasm: exports as unknown as KernelExports };
}
