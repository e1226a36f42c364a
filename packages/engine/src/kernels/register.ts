/**
 * Puts the kernels of a backend into TF.js's registry: the table's, and the CPU backend's for all others.
 * Called by useEngine, once per backend name; loads no backend itself.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { SurgeBackend } from '../backend.js';
import { KernelCall, type KernelEntry } from './entry.js';
import { timed } from './profile.js';
import { kernelTable } from './table.js';

/** Registers all kernels for `backendName`, silently and once; the 'cpu' kernels must be registered. */
export function registerKernels(backendName: string): void {
  // Only TF.js's own: a kernel of ours under 'cpu' is a composition that core registered for that backend
  // alone. It runs other kernels, which a pinned copy must not.
  const copied = new Map(
    tf
      .getKernelsForBackend('cpu')
      .filter((config) => !config.kernelName.startsWith('Surge'))
      .map((config) => [config.kernelName, pinnedKernel(config)]),
  );
  const own = new Map(
    kernelTable.map((entry) => [entry.kernel, ownKernel(entry, copied.get(entry.kernel))]),
  );
  for (const [kernelName, kernelFunc] of new Map([...copied, ...own])) {
    if (!tf.getKernel(kernelName, backendName)) {
      tf.registerKernel({ kernelName, backendName, kernelFunc });
    }
  }
}

/**
 * A copied CPU kernel. It takes views of the heap whenever it likes, so the heap must stand still while it
 * runs. (tf.copyRegisteredKernels would copy it without that, and warn about every kernel of ours.)
 */
function pinnedKernel({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc {
  return (params) =>
    timed(kernelName, 'cpu', () => {
      const backend = surgeBackend(params.backend);
      // Inputs that live on another backend or wait outside the heap come in first.
      for (const info of Object.values(params.inputs)) {
        if (info) backend.bringIn(info);
      }
      return backend.pinned(() => kernelFunc(params));
    });
}

function ownKernel(entry: KernelEntry, copied: tf.KernelFunc | undefined): tf.KernelFunc {
  return (params) => {
    const call = new KernelCall(surgeBackend(params.backend), params.inputs, params.attrs);
    const outputs = timed(entry.kernel, 'engine', () => call.run(entry));
    if (outputs) return outputs;
    if (!copied) throw new Error(`kernel ${entry.kernel} refused a call that nobody else can run`);
    return copied(params);
  };
}

/** TF.js hands the kernels of a backend that backend, but knows it only as {}. */
function surgeBackend(backend: object): SurgeBackend {
  return backend as SurgeBackend;
}
