/**
 * The auxiliary branch's operator: what its weights W_a are made of, its gradient at the input and those at the weights. The
 * chain rule for each form; lam is the caller's.
 *
 *     full, frozen, shared   W_a [kh, kw, in / groups, out], the layer's own geometry
 *     grouped(g)             W_a [kh, kw, in / g, out], a convolution in g groups whatever the layer's own are
 *     lowRank(r)             U [kh, kw, in / groups, r] in the layer's geometry, then V [1, 1, r, out]
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { convGeometry } from '@surge-bnn/contract';
import type { ConvGeometry } from '@surge-bnn/contract';
import type { AuxiliaryForm } from '../compensator/options.js';
import { convFilterGradient, convForward, convInputGradient } from './float-conv.js';

export interface AuxiliaryBranch {
  /** g_a = dgrad(dy, W_a). */
  inputGradient(dy: Tensor): Tensor;
  /** wgrad(x, dy) for each of the weights, in their order. The branch pads x with 0. */
  weightGradients(x: Tensor, dy: Tensor): Tensor[];
}

/** @param weights as the call brought them: one tensor, or U and V. */
export function auxiliaryBranch(
  form: AuxiliaryForm,
  weights: readonly Tensor[],
  layer: ConvGeometry,
): AuxiliaryBranch {
  if (form === 'lowRank') return composition(weights[0], weights[1], layer);
  const [w] = weights;
  const [, , perGroup]: readonly number[] = w.shape;
  const groups = form === 'grouped' ? layer.inChannels / perGroup : layer.groups;
  const g: ConvGeometry = { ...layer, groups };
  return {
    inputGradient: (dy) => convInputGradient(dy, w, g),
    weightGradients: (x, dy) => [convFilterGradient(x, dy, g)],
  };
}

/** y = V (U x): at x U^T V^T dy, at V wgrad(U x, dy), at U wgrad(x, V^T dy). */
function composition(u: Tensor, v: Tensor, layer: ConvGeometry): AuxiliaryBranch {
  const [, , , rank]: readonly number[] = u.shape;
  const inner: ConvGeometry = { ...layer, outChannels: rank };
  const outer = convGeometry(
    [layer.batch, layer.outHeight, layer.outWidth, rank],
    [...v.shape],
    {},
    'the low-rank auxiliary',
  );
  return {
    inputGradient: (dy) => convInputGradient(convInputGradient(dy, v, outer), u, inner),
    weightGradients: (x, dy) => [
      convFilterGradient(x, convInputGradient(dy, v, outer), inner),
      convFilterGradient(convForward(x, u, inner), dy, outer),
    ],
  };
}
