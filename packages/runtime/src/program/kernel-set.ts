/** What executes programs: WebAssembly of this package, or native code that somebody brings along. */

export interface KernelSet {
  /** For people: "wasm", "native (avx512)". */
  readonly name: string;
  /** How it reads kernels of bits: filters side by side, and bytes of a filter that stand together (a divisor of 16). */
  readonly bitBlocks: { readonly lanes: number; readonly unit: number };
  /** How many filters of a float kernel stand side by side. */
  readonly floatLanes: number;
  /** Threads that share the work. */
  readonly threads: number;
  /** @returns memory of so many bytes, all 0, and the kernels that stand on it. @throws where there is not as much. */
  start(bytes: number): Machine;
}

export interface Machine {
  readonly buffer: ArrayBufferLike;
  /** Computes the stages [from, to) of the program at an address. */
  run(program: number, from: number, to: number): void;
  /** Lets go what is held outside the buffer, where there is such a thing. */
  close?(): void;
}
