/**
 * Reference of one optimizer step per parameter array: SGD, Adam / AdamW, Bop. Pure functions of plain
 * arrays, so `train` uses them wherever no engine is registered. Float64 arithmetic, every output rounded once. An
 * output may be the same array as its input; the formulas stand in @surge-bnn/contract.
 */
import type { AdamStepAttrs, BopStepAttrs, LatentClip, SgdStepAttrs } from '@surge-bnn/contract';

/** Momentum SGD with optional Nesterov look-ahead and weight decay joined to the gradient. */
export function sgdStep(
  parameter: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  newParameter: Float32Array,
  newVelocity: Float32Array,
  attrs: SgdStepAttrs,
): void {
  const { learningRate, momentum, nesterov, weightDecay } = attrs;
  for (let i = 0; i < parameter.length; i++) {
    const g = gradient[i] + weightDecay * parameter[i];
    const v = momentum * velocity[i] + g;
    const step = nesterov ? g + momentum * v : v;
    newParameter[i] = clipTo(attrs, parameter[i] - learningRate * step);
    newVelocity[i] = v;
  }
}

/** Adam, or AdamW when `decoupled`; `attrs.step` counts from 1. */
export function adamStep(
  parameter: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  newParameter: Float32Array,
  newFirst: Float32Array,
  newSecond: Float32Array,
  attrs: AdamStepAttrs,
): void {
  const { learningRate, beta1, beta2, epsilon, step, weightDecay, decoupled } = attrs;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  for (let i = 0; i < parameter.length; i++) {
    const g = decoupled ? gradient[i] : gradient[i] + weightDecay * parameter[i];
    const start = decoupled ? parameter[i] * (1 - learningRate * weightDecay) : parameter[i];
    const m = beta1 * first[i] + (1 - beta1) * g;
    const v = beta2 * second[i] + (1 - beta2) * g * g;
    const direction = m / correction1 / (Math.sqrt(v / correction2) + epsilon);
    newParameter[i] = clipTo(attrs, start - learningRate * direction);
    newFirst[i] = m;
    newSecond[i] = v;
  }
}

/** Latent-free Bop: the flip is decided on the momentum as it is stored (float32). */
export function bopStep(
  parameter: Float32Array,
  gradient: Float32Array,
  momentum: Float32Array,
  newParameter: Float32Array,
  newMomentum: Float32Array,
  attrs: BopStepAttrs,
): void {
  for (let i = 0; i < parameter.length; i++) {
    const weight = parameter[i];
    const m = Math.fround(momentum[i] + attrs.gamma * (gradient[i] - momentum[i]));
    newParameter[i] = weight * m > attrs.threshold ? -weight : weight;
    newMomentum[i] = m;
  }
}

function clipTo(bounds: LatentClip, v: number): number {
  const { clipMin = -Infinity, clipMax = Infinity } = bounds;
  return Math.min(Math.max(v, clipMin), clipMax);
}
