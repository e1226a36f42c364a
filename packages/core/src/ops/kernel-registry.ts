/**
 * How core asks TF.js for a kernel by name: an engine's own kernel where the active backend has it,
 * otherwise a composition of plain TF.js ops, registered for that backend on first use. (Nothing is
 * registered on import.)
 */
import * as tf from '@tensorflow/tfjs-core';
import type { GradConfig, NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';

/** Kernels that were found, by backend: TF.js joins both names to a new string for each look. */
const found = new Map<string, Set<string>>();

/** Whether the active backend brings a kernel of that name. */
export function hasKernel(kernelName: string): boolean {
  const backend = tf.getBackend();
  const known = found.get(backend);
  if (known?.has(kernelName)) return true;
  if (tf.getKernel(kernelName, backend) === undefined) return false;
  if (known) known.add(kernelName);
  else found.set(backend, new Set([kernelName]));
  return true;
}

/** Runs a kernel by name; attributes may be any object that both sides agree on. */
export function runKernel(
  kernelName: string,
  inputs: Readonly<Record<string, Tensor>> | readonly Tensor[],
  attrs: object,
): Tensor[] {
  // TF.js types attributes as plain data and inputs as a map; like its own ops (concat), we hand over more.
  const result: Tensor | Tensor[] = tf
    .engine()
    .runKernel(kernelName, inputs as unknown as NamedTensorMap, attrs as unknown as NamedAttrMap);
  return Array.isArray(result) ? result : [result];
}

/** Composition of a kernel from plain ops. Inputs and attrs as in `runKernel`; intermediates are tidied. */
export type Composition<Inputs, Attrs> = (inputs: Inputs, attrs: Attrs) => Tensor[];

/** Gives the active backend the composed kernel unless it has one of that name. */
export function ensureKernel<Inputs, Attrs>(
  kernelName: string,
  compose: Composition<Inputs, Attrs>,
): void {
  if (hasKernel(kernelName)) return;
  tf.registerKernel({
    kernelName,
    backendName: tf.getBackend(),
    kernelFunc: ({ inputs, attrs }) =>
      tf.tidy(() => compose(inputs as unknown as Inputs, attrs as unknown as Attrs)),
  });
}

/** Registers the gradient of a kernel once; it serves all backends. */
export function ensureGradient(config: GradConfig): void {
  if (tf.getGradient(config.kernelName) === undefined) tf.registerGradient(config);
}
