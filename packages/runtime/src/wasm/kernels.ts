/** The kernels of assembly/ as a kernel set: each model has a memory of its own and an instance on it. */
import { ModelFileError } from '../model-file-error.js';
import type { KernelSet, Machine } from '../program/kernel-set.js';
import { kernelModule } from './module.js';

const pageBytes = 65536;
/** All that wasm32 can address. */
const mostPages = 65536;

type Run = (program: number, from: number, to: number, thread: number, threads: number) => void;

/** One module for all models: it is compiled once. */
let compiled: WebAssembly.Module | undefined;

/** Whether this JavaScript engine has WebAssembly with SIMD. */
export function wasmIsThere(): boolean {
  // A function that makes a vector and takes a lane of it: (func (result i32) i32.const 0 i8x16.splat i8x16.popcnt i8x16.extract_lane_u 0)
  const probe = Uint8Array.of(
    0,
    97,
    115,
    109,
    1,
    0,
    0,
    0,
    1,
    5,
    1,
    96,
    0,
    1,
    127,
    3,
    2,
    1,
    0,
    10,
    13,
    1,
    11,
    0,
    65,
    0,
    253,
    15,
    253,
    98,
    253,
    22,
    0,
    11,
  );
  return typeof WebAssembly === 'object' && WebAssembly.validate(probe);
}

export const wasmKernels: KernelSet = {
  name: 'wasm',
  bitBlocks: { lanes: 16, unit: 1 },
  floatLanes: 8,
  threads: 1,
  start(bytes): Machine {
    const pages = Math.ceil(bytes / pageBytes);
    if (pages > mostPages) {
      throw new ModelFileError(
        `the model takes ${bytes} bytes of memory; WebAssembly has at most ${mostPages * pageBytes}`,
      );
    }
    const memory = takeMemory(pages);
    compiled ??= new WebAssembly.Module(decodeBase64(kernelModule));
    const instance = new WebAssembly.Instance(compiled, { env: { memory } });
    const run = runOf(instance);
    return { buffer: memory.buffer, run: (program, from, to) => run(program, from, to, 0, 1) };
  },
};

function takeMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    throw new ModelFileError(`there is no memory for the model's ${pages * pageBytes} bytes`, {
      cause: error,
    });
  }
}

function runOf({ exports: { run } }: WebAssembly.Instance): Run {
  if (isRun(run)) return run;
  throw new Error('the kernels were built without "run"');
}

function isRun(value: unknown): value is Run {
  return typeof value === 'function';
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
