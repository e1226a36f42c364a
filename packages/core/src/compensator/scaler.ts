/**
 * Adaptive gradient scaling (AGS): lam = eta |g_b| / (|g_a| + epsilon), and how the two branches are then
 * put together (DPGC). Plain numbers; METHOD.md section 1.
 */
import { InputError } from '@surge-bnn/contract';
import type { BranchMeasure, BranchWeights } from '@surge-bnn/contract';
import type { Scaling } from './options.js';
import type { BackwardStatistics } from './statistics.js';

/** The memory of the moving-average rule: undefined until the first lam. Plain data, for checkpoints. */
export interface LambdaState {
  average?: number;
}

/**
 * lam for one backward.
 *
 * |g_b| = 0 or |g_a| = 0 gives 0 for this step (and leaves the moving average as it was). For AGS the bound
 * |lam g_a| <= eta |g_b| holds, so |dx| stays within (1 +- eta) |g_b|.
 *
 * @throws InputError naming the layer when a norm is not finite.
 */
export function lambdaOf(
  scaling: Scaling,
  eta: number,
  measure: Pick<BranchMeasure, 'normA' | 'normB'>,
  state: LambdaState,
  layer: string,
): { lambda: number; skipped: boolean } {
  const { normA, normB } = measure;
  if (!Number.isFinite(normA) || !Number.isFinite(normB)) {
    throw notFinite(layer, normB, normA);
  }
  if (normA === 0 || normB === 0) return { lambda: 0, skipped: true };
  const rule = scaling.lambda;
  if (typeof rule === 'object' && 'fixed' in rule) {
    return { lambda: Math.min(rule.fixed, scaling.lambdaMax), skipped: false };
  }
  let lambda = (eta * normB) / (normA + scaling.epsilon);
  if (typeof rule === 'object') {
    const m = rule.movingAverage;
    lambda = state.average === undefined ? lambda : m * state.average + (1 - m) * lambda;
    state.average = lambda;
  }
  return { lambda: Math.min(lambda, scaling.lambdaMax), skipped: false };
}

/** What a norm that is not finite is told as. */
export function notFinite(layer: string, normB: number, normA: number): InputError {
  return new InputError(
    `layer "${layer}": a gradient norm is not finite (|g_b| = ${normB}, |g_a| = ${normA}); the training has diverged: lower the learning rate or eta`,
  );
}

/**
 * The weights of the two branches. DPGC: dx = g_b + lam g_a. Gain only, the control: dx = gain g_b with
 * gain = |g_b + lam g_a| / |g_b|, from |g_b + lam g_a|^2 = |g_b|^2 + 2 lam <g_b, g_a> + lam^2 |g_a|^2.
 */
export function branchWeights(
  scaling: Scaling,
  lambda: number,
  measure: BranchMeasure,
): BranchWeights {
  const auxiliaryGradient = scaling.scaleAuxiliaryGradient ? lambda : 1;
  if (!scaling.gainOnly || lambda === 0) {
    return { binary: 1, auxiliary: lambda, auxiliaryGradient };
  }
  const { normB, normA, inner } = measure;
  const squared = normB ** 2 + 2 * lambda * inner + (lambda * normA) ** 2;
  const binary = Math.sqrt(Math.max(0, squared)) / normB;
  return { binary, auxiliary: 0, auxiliaryGradient };
}

/** The measure as statistics. */
export function statisticsOf(
  measure: BranchMeasure,
  lambda: number,
  skipped: boolean,
): BackwardStatistics {
  const { normB, normA, inner, clipped } = measure;
  const product = normB * normA;
  return { lambda, cosine: product > 0 ? inner / product : 0, normB, normA, clipped, skipped };
}
