/** The compiled kernels: as they are, and for memory that threads share. */
import { kernelModule } from './module.js';

let plain: WebAssembly.Module | undefined;
let shared: WebAssembly.Module | undefined;

/** Compiled once for all models. */
export function plainModule(): WebAssembly.Module {
  return (plain ??= new WebAssembly.Module(moduleBytes()));
}

/** The same code on shared memory, compiled once. */
export function sharedModule(): WebAssembly.Module {
  return (shared ??= new WebAssembly.Module(shareMemory(moduleBytes())));
}

/**
 * Changes a module so that the memory it imports is a shared one. Of an import's description ("memory", kind 2, limits) that is one
 * bit of one byte: limits begin with 1 for "has a maximum" and 3 for "and is shared".
 *
 * @returns the same bytes, changed.
 */
export function shareMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const description = [...'memory'].map((letter) => letter.charCodeAt(0)).concat(2, 1);
  const at = bytes.findIndex((_, i) => description.every((byte, k) => bytes[i + k] === byte));
  if (at < 0) throw new Error('the kernels import no memory with a maximum');
  bytes[at + description.length - 1] = 3;
  return bytes;
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(kernelModule), (letter) => letter.charCodeAt(0));
}
