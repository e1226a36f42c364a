/**
 * One case of one kernel, as data: which arrays go in, how long the ones that come out are, how to call
 * the kernel, and how near two providers must be. Tests run a case on a provider with `runCase`.
 */
import type { KernelName, Kernels, Provider } from '../providers/provider.js';

export interface KernelCase {
  readonly name: string;
  readonly kernel: KernelName;
  readonly inputs: readonly Float32Array[];
  readonly outputLengths: readonly number[];
  /**
   * Largest difference from the reference that is right, as a multiple of the reference's root mean
   * square plus its entry's size; 0: the same number (+0 and -0 are one).
   */
  readonly bound: number;
  /** Calls the kernel; returns what it says besides its outputs. */
  readonly call: (
    kernels: Kernels,
    inputs: readonly Float32Array[],
    outputs: readonly Float32Array[],
  ) => readonly number[] | void;
}

export interface CaseResult {
  readonly outputs: readonly Float32Array[];
  readonly said: readonly number[];
}

const GUARD_ENTRIES = 8;
const GUARD = 12345.678;
const GARBAGE = NaN;

/**
 * Runs a case on memory of the provider's heap: outputs start as NaN (recycled memory), and guards before and
 * behind every array tell when a kernel writes where it must not.
 *
 * @throws Error when a guard or an input has changed.
 */
export function runCase(provider: Provider, kernelCase: KernelCase): CaseResult {
  const lengths = [...kernelCase.inputs.map((a) => a.length), ...kernelCase.outputLengths];
  // All addresses before the first view: extending may detach views.
  const addresses = lengths.map((n) => provider.heap.extend((n + 2 * GUARD_ENTRIES) * 4));
  const view = (i: number): Float32Array =>
    new Float32Array(provider.heap.buffer, addresses[i] + 4 * GUARD_ENTRIES, lengths[i]);
  const guarded = (i: number): Float32Array =>
    new Float32Array(provider.heap.buffer, addresses[i], lengths[i] + 2 * GUARD_ENTRIES);
  const inputCount = kernelCase.inputs.length;
  lengths.forEach((_, i) => {
    guarded(i).fill(GUARD);
    if (i < inputCount) view(i).set(kernelCase.inputs[i]);
    else view(i).fill(GARBAGE);
  });
  const indices = lengths.map((_, i) => i);
  const views = indices.map(view);
  const said = kernelCase.call(
    provider.kernels,
    views.slice(0, inputCount),
    views.slice(inputCount),
  );
  for (const i of indices) {
    const all = guarded(i);
    const around = [...all.subarray(0, GUARD_ENTRIES), ...all.subarray(GUARD_ENTRIES + lengths[i])];
    if (around.some((v) => v !== Math.fround(GUARD))) {
      throw new Error(`${kernelCase.name}: the kernel wrote outside array ${i}`);
    }
    if (i < inputCount && !kernelCase.inputs[i].every((v, j) => Object.is(v, view(i)[j]))) {
      throw new Error(`${kernelCase.name}: the kernel changed its input ${i}`);
    }
  }
  return { outputs: indices.slice(inputCount).map((i) => view(i).slice()), said: said ?? [] };
}

/**
 * Runs a case on arrays of its own, off any heap. Each lies in memory of its own (a small typed array could lie among V8's objects), so
 * that a sanitizer sees a step beyond its end.
 */
export function runAlone(kernels: Kernels, kernelCase: KernelCase): CaseResult {
  const own = (length: number) => new Float32Array(new ArrayBuffer(4 * length));
  const inputs = kernelCase.inputs.map((input) => {
    const array = own(input.length);
    array.set(input);
    return array;
  });
  const outputs = kernelCase.outputLengths.map((length) => own(length).fill(GARBAGE));
  return { said: kernelCase.call(kernels, inputs, outputs) ?? [], outputs };
}

/** The worst difference between two arrays in units of `bound`'s scale; Infinity where one alone is not finite. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  const finite = Array.from(expected).filter(Number.isFinite);
  const meanSquare = finite.reduce((s, v) => s + v * v, 0) / Math.max(1, finite.length);
  const scale = Math.sqrt(meanSquare);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i], expected[i]];
    // === makes one number of the two zeros; Object.is makes NaN equal to itself.
    if (a === e || Object.is(a, e)) continue;
    const distance = Math.abs(a - e) / (scale + Math.abs(e));
    worst = Math.max(worst, Number.isFinite(distance) ? distance : Infinity);
  }
  return worst;
}
