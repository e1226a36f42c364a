/** Tests of the fused kernels on a Node that has relaxed SIMD behind a flag, as Node 20 does. */
import { setFlagsFromString } from 'node:v8';
import { hostFuses } from './fused.js';

/** Switches relaxed SIMD on for what this process compiles from now on; false where the processor or V8 has none. */
export function allowFusing(): boolean {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return hostFuses();
}
