/** The kernels of assembly/ on one thread, as a kernel set: each model has a memory of its own and an instance on it. */
import { ModelMemoryError } from '../model-file-error.js';
import type { KernelSet, Machine } from '../program/kernel-set.js';
import { plainModule } from './module-bytes.js';

const pageBytes = 65536;
/** All that wasm32 can address. */
const mostPages = 65536;

export type Run = (
  program: number,
  from: number,
  to: number,
  thread: number,
  threads: number,
) => void;

/** Whether this JavaScript engine has WebAssembly with SIMD. */
export function wasmIsThere(): boolean {
  // A module with one function: i32.const 0, i8x16.splat, i8x16.popcnt, i8x16.extract_lane_u 0.
  const probe = Uint8Array.of(
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0],
    ...[10, 13, 1, 11, 0, 65, 0, 253, 15, 253, 98, 253, 22, 0, 11],
  );
  return typeof WebAssembly === 'object' && WebAssembly.validate(probe);
}

/** What the layouts of kernels are made for. */
export const wasmLayout = { bitBlocks: { lanes: 16, unit: 1 }, floatLanes: 8 } as const;

export const wasmKernels: KernelSet = {
  name: 'wasm',
  ...wasmLayout,
  threads: 1,
  start(bytes): Machine {
    const memory = takeMemory(bytes, false);
    const run = instantiate(plainModule(), memory);
    return {
      buffer: memory.buffer,
      run: (program, from, to) => {
        run(program, from, to, 0, 1);
      },
    };
  },
};

/** @throws ModelMemoryError where WebAssembly cannot have as much, or the machine has not. */
export function takeMemory(bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  if (pages > mostPages) {
    throw new ModelMemoryError(
      `the model takes ${bytes} bytes of memory; WebAssembly has at most ${mostPages * pageBytes}`,
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (error) {
    throw new ModelMemoryError(
      `the model takes ${bytes} bytes of memory, and there are not as many`,
      { cause: error },
    );
  }
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Run {
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (isRun(run)) return run;
  throw new Error('the kernels were built without "run"');
}

function isRun(value: unknown): value is Run {
  return typeof value === 'function';
}
