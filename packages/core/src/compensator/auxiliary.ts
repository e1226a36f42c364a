/** The auxiliary weights W_a by form: what a call may bring, which shapes they have, and their values at the start. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { InputError, seedFor } from '@surge-bnn/contract';
import type { ConvGeometry } from '@surge-bnn/contract';
import { checkForm, tensorsOf } from './options.js';
import type { AuxiliaryForm, CompensatorOptions } from './options.js';

/** The form and its tensors. Without the tensors that a form needs the branch would silently be missing. */
export function auxiliaryOf(
  given: CompensatorOptions['auxiliary'] | undefined,
  layer: string,
): { auxiliaryForm: AuxiliaryForm; weights: readonly Tensor[] } {
  if (given instanceof tf.Tensor) return { auxiliaryForm: 'full', weights: [given] };
  const form: string | undefined = given?.form;
  if (form !== undefined) {
    checkForm(form, layer);
    const brought: unknown = given !== undefined && 'weights' in given ? given.weights : [];
    const list: readonly unknown[] = Array.isArray(brought) ? brought : [brought];
    const weights = list.filter((one) => one instanceof tf.Tensor);
    if (form !== 'full' && weights.length === tensorsOf[form]) {
      return { auxiliaryForm: form, weights };
    }
  }
  throw new InputError(
    `${layer}: the compensator has no auxiliary weights; auxiliary must be a tensor of the kernel's shape, {form: 'shared'}, {form: 'frozen', weights: tensor}, {form: 'grouped', weights: tensor} or {form: 'lowRank', weights: [U, V]}`,
  );
}

/**
 * @param kernel in the caller's shape, of rank 4 or 2.
 * @throws InputError for auxiliary weights that do not fit the layer.
 */
export function checkAuxiliary(
  form: AuxiliaryForm,
  weights: readonly Tensor[],
  kernel: Tensor,
  { inChannels, groups }: Pick<ConvGeometry, 'inChannels' | 'groups'>,
  layer: string,
): void {
  if (form === 'shared') return;
  const other = weights.find(({ dtype }) => dtype !== 'float32');
  if (other !== undefined) {
    throw new InputError(`${layer}: the auxiliary weights must be float32, got ${other.dtype}`);
  }
  if (form === 'full' || form === 'frozen') {
    if (tf.util.arraysEqual(weights[0].shape, kernel.shape)) return;
    throw new InputError(
      `${layer}: the auxiliary weights must have the kernel's shape [${kernel.shape}], got [${weights[0].shape}]`,
    );
  }
  // What one of the two sizes is free to be, the shapes themselves say.
  const [first] = weights;
  const free =
    form === 'grouped' ? inChannels / first.shape[first.rank - 2] : first.shape[first.rank - 1];
  const wanted = auxiliaryShapes(form, kernel.shape, { inChannels, groups }, free, layer);
  weights.forEach(({ shape }, i) => {
    if (tf.util.arraysEqual(shape, wanted[i])) return;
    throw new InputError(
      `${layer}: the ${form} auxiliary weights must have the shape${wanted.length > 1 ? 's' : ''} ${wanted.map((one) => `[${one}]`).join(' and ')}, got ${weights.map((one) => `[${one.shape}]`).join(' and ')}`,
    );
  });
}

/**
 * Shapes of the auxiliary weights for a kernel of this shape.
 *
 * @param size g of grouped(g), r of lowRank(r); of no other form.
 * @throws InputError for groups that do not divide the channels, and for a rank that the layer's own groups do not divide.
 */
export function auxiliaryShapes(
  form: Exclude<AuxiliaryForm, 'shared'>,
  kernelShape: readonly number[],
  { inChannels, groups }: { readonly inChannels: number; readonly groups: number },
  size: number | undefined,
  layer: string,
): number[][] {
  const window = kernelShape.slice(0, -2);
  const [, out] = kernelShape.slice(-2);
  if (form === 'full' || form === 'frozen') return [[...kernelShape]];
  if (form === 'grouped') {
    const g = whole(size, 'groups', layer);
    if (inChannels % g !== 0 || out % g !== 0) {
      throw new InputError(
        `layer "${layer}": a grouped auxiliary needs groups that divide its ${inChannels} input and ${out} output channels, got ${g}`,
      );
    }
    return [[...window, inChannels / g, out]];
  }
  const rank = whole(size, 'rank', layer);
  if (rank % groups !== 0) {
    throw new InputError(
      `layer "${layer}": a low-rank auxiliary needs a rank that its ${groups} groups divide, got ${rank}`,
    );
  }
  return [
    [...window, inChannels / groups, rank],
    [...window.map(() => 1), rank, out],
  ];
}

function whole(size: number | undefined, what: string, layer: string): number {
  if (size !== undefined && Number.isInteger(size) && size >= 1) return size;
  throw new InputError(
    `layer "${layer}": ${what} of the auxiliary must be a whole number >= 1, got ${String(size)}`,
  );
}

/**
 * Random auxiliary weights of these shapes: Kaiming normal, N(0, 2 / fan-in), V of a low-rank one N(0, 1 / r), so that the composed
 * operator has the variance of a full one. From a stream seeded with the run's seed and the layer's name and used for nothing else: a run
 * with SURGE sees the same other random numbers as one without.
 */
export function randomAuxiliaries(
  shapes: readonly (readonly number[])[],
  seed: number,
  layerName: string,
): Tensor[] {
  return shapes.map((shape, i) => {
    const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const streamSeed = seedFor(
      seed,
      i === 0 ? `auxiliary/${layerName}` : `auxiliary/${layerName}/${i}`,
    );
    const deviation = Math.sqrt((i === 0 ? 2 : 1) / fanIn);
    return tf.randomNormal([...shape], 0, deviation, 'float32', streamSeed);
  });
}
