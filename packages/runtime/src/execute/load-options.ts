/** How a packed model, detector or text model is run. */
import type { Arithmetic } from '../program/assemble.js';
import type { KernelSet } from '../program/kernel-set.js';

export interface LoadOptions {
  /**
   * Most memory that a model may take: decoded tensors, the numbers between the nodes for one example, scratch. Of a detector: those of
   * body and head for one picture, its anchors, what the head says of all regions, and what the choices among boxes take. Of a text model:
   * those of the body for each length of texts that is kept; its tables stay in the file's bytes. Not in it:
   * pictures, results, the graph, which is no larger than the file, and the file's bytes. A model lets them go; a detector and a text model
   * keep views of them, from which they make a program for each size of pictures or length of texts. Default 1 GiB.
   */
  readonly maxMemoryBytes?: number;
  /**
   * What computes: 'wasm', WebAssembly with SIMD; 'reference', the plain kernels in JavaScript, slow; or kernels that are
   * brought along, as the native ones of @surge-bnn/engine. Default 'auto': 'wasm' where the JavaScript engine has it, else
   * 'reference'. `describe().kernels` tells which they are. All give the same bits.
   */
  readonly kernels?: 'auto' | 'wasm' | 'reference' | KernelSet;
  /**
   * How float convolutions and dense layers sum: 'exact' as the file format says, in f64, so that outputs are those of the trained
   * network bit for bit; or 'fast', in float32, which changes last digits. Sums of bits are exact always. Default 'exact'.
   */
  readonly arithmetic?: Arithmetic;
  /**
   * Threads of the wasm kernels, the caller's among them; 'auto': one for each core, at most 4, and one where memory cannot be
   * shared. The model or detector has them for itself until it is closed; to share them between several, give
   * `ThreadPool.start(n)` as `kernels`. For `load`, `loadDetector` and `loadText` only, since threads take a while to start. Default 1.
   */
  readonly threads?: number | 'auto';
}

/** What `maxMemoryBytes` is where nothing is said: 1 GiB. */
export const defaultMemoryBytes = 2 ** 30;
