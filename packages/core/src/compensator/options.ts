/**
 * The options of the compensator, as METHOD.md section 1 names them. What the paper leaves open is an
 * option here; what does not exist or has no meaning is refused, never ignored.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import type { Progress } from '../binarizers/binarizer.js';
import type { LambdaState } from './scaler.js';
import type { BackwardStatistics } from './statistics.js';

/** A number, or a function of the training progress p in [0, 1]. */
export type Schedule = number | ((p: Progress) => number);

/**
 * How lam is found: 'adaptive' is AGS, eta |g_b| / (|g_a| + epsilon), anew at every step; `fixed` is a constant
 * (eta then has no place); `movingAverage` smooths AGS: lam_t = m lam_(t-1) + (1 - m) AGS_t, from the first AGS on.
 */
export type LambdaRule = 'adaptive' | { fixed: number } | { movingAverage: number };

/** What both the op and `surge` take. */
export interface ScalingOptions {
  /** Relative weight of the second path. 0 switches the branch off, bit for bit the baseline. */
  eta?: Schedule;
  /** Guards the division by |g_a|. Default 1e-8. */
  epsilon?: number;
  /** Upper bound of lam. Default: none. */
  lambdaMax?: number;
  lambda?: LambdaRule;
  /** dL/dW_a = lam wgrad(x, G) (true, default: what autograd gives for the paper's formula) or wgrad(x, G). */
  scaleAuxiliaryGradient?: boolean;
  /** The auxiliary branch sees x as it is ('raw', default) or as transformed by the binarizer before its sign. */
  auxiliaryInput?: 'raw' | 'transformed';
  /** The control: dx = g_b |g_b + lam g_a| / |g_b|, the longer step without the new direction. */
  gainOnly?: boolean;
  /**
   * Over what the norms are taken: the whole mini-batch tensor ('layer', default), or each input channel or each sample by
   * itself. Then lam is a vector, and dL/dW_a = wgrad(lam x, G).
   */
  normScope?: NormScope;
}

export type NormScope = 'layer' | 'channel' | 'sample';

/** What the auxiliary weights are; ops/auxiliary-branch.ts has the operators. */
export type AuxiliaryForm = 'full' | 'shared' | 'frozen' | 'grouped' | 'lowRank';

/** Tensors of its own that each form brings. */
export const tensorsOf: Readonly<Record<AuxiliaryForm, number>> = {
  full: 1,
  shared: 0,
  frozen: 1,
  grouped: 1,
  lowRank: 2,
};

/** The compensator of one op call. */
export interface CompensatorOptions extends ScalingOptions {
  /**
   * W_a, of the kernel's shape, trained by its gradient; or `shared`: W itself (which receives nothing
   * from the branch); or `frozen`: a tensor that gets no gradient; or `grouped`: W_a [kh, kw, in / g, out] of a convolution in
   * g groups ([in / g, out] for a matrix product); or `lowRank`: a convolution U [kh, kw, in / groups, r] and behind it
   * a 1x1 convolution V [1, 1, r, out] (U [in, r] and V [r, out]), both trained.
   */
  auxiliary:
    | Tensor
    | { form: 'shared' }
    | { form: 'frozen' | 'grouped'; weights: Tensor }
    | { form: 'lowRank'; weights: readonly [u: Tensor, v: Tensor] };
  /** Called once per backward. On GPU backends the numbers arrive asynchronously. */
  onStatistics?: (statistics: BackwardStatistics) => void;
  /** Memory of the moving average; keep one object per layer and pass it to every call. */
  state?: LambdaState;
}

const scalingKeys = [
  'eta',
  'epsilon',
  'lambdaMax',
  'lambda',
  'scaleAuxiliaryGradient',
  'auxiliaryInput',
  'gainOnly',
  'normScope',
] as const satisfies readonly (keyof ScalingOptions)[];

const callKeys = ['auxiliary', 'onStatistics', 'state'] as const;

/** ScalingOptions with every default filled in. */
export interface Scaling {
  readonly eta: Schedule;
  readonly epsilon: number;
  readonly lambdaMax: number;
  readonly lambda: LambdaRule;
  readonly scaleAuxiliaryGradient: boolean;
  readonly auxiliaryInput: 'raw' | 'transformed';
  readonly gainOnly: boolean;
  readonly normScope: NormScope;
}

/**
 * Checks the options and fills in the defaults.
 * @param where names the layer or function in errors.
 * @param otherKeys keys that the caller handles itself.
 * @throws InputError for unknown keys and values out of range or without meaning beside others.
 */
export function checkScaling(
  options: ScalingOptions,
  where: string,
  otherKeys: readonly string[] = callKeys,
): Scaling {
  checkKeys(options, [...scalingKeys, ...otherKeys], where);
  const lambda = options.lambda ?? 'adaptive';
  checkLambda(lambda, where);
  const fixed = typeof lambda === 'object' && 'fixed' in lambda;
  if (fixed && options.eta !== undefined) {
    throw new InputError(
      `${where}: eta has no meaning beside lambda {fixed}; leave one of them out`,
    );
  }
  const eta = options.eta ?? (fixed ? 1 : undefined);
  if (eta === undefined) throw new InputError(`${where}: eta is missing; give a number >= 0`);
  if (typeof eta !== 'function') checkEta(eta, where);
  const normScope = options.normScope ?? 'layer';
  if (!['layer', 'channel', 'sample'].includes(normScope)) {
    throw unknownName(`normScope of ${where}`, normScope, ['layer', 'channel', 'sample']);
  }
  if (normScope !== 'layer' && lambda !== 'adaptive') {
    throw new InputError(
      `${where}: normScope '${normScope}' has no meaning beside lambda ${JSON.stringify(lambda)}; allowed there: layer`,
    );
  }
  const auxiliaryInput = options.auxiliaryInput ?? 'raw';
  if (auxiliaryInput !== 'raw' && auxiliaryInput !== 'transformed') {
    throw new InputError(
      `${where}: auxiliaryInput must be 'raw' or 'transformed', got '${String(auxiliaryInput)}'`,
    );
  }
  return {
    eta,
    epsilon: positive(options.epsilon ?? 1e-8, 'epsilon', where),
    lambdaMax: positive(options.lambdaMax ?? Infinity, 'lambdaMax', where),
    lambda,
    scaleAuxiliaryGradient: flag(options, 'scaleAuxiliaryGradient', true, where),
    auxiliaryInput,
    gainOnly: flag(options, 'gainOnly', false, where),
    normScope,
  };
}

/** eta at progress p. @throws InputError when the schedule leaves the numbers >= 0. */
export function etaAt(eta: Schedule, p: Progress, where: string): number {
  const value = typeof eta === 'function' ? eta(p) : eta;
  checkEta(value, where);
  return value;
}

/** @throws InputError for an auxiliary form that does not exist. */
export function checkForm(form: string, where: string): asserts form is AuxiliaryForm {
  if (Object.hasOwn(tensorsOf, form)) return;
  throw unknownName(`auxiliary form of ${where}`, form, Object.keys(tensorsOf));
}

function checkLambda(rule: LambdaRule, where: string): void {
  if (rule === 'adaptive') return;
  // One key and no other: beside `fixed` a `movingAverage` would be ignored.
  const entries: [string, unknown][] = typeof rule === 'object' ? Object.entries(rule) : [];
  if (entries.length === 1) {
    const [[key, value]] = entries;
    const isNumber = typeof value === 'number' && Number.isFinite(value) && value >= 0;
    if (isNumber && (key === 'fixed' || (key === 'movingAverage' && value < 1))) return;
  }
  throw new InputError(
    `${where}: lambda must be 'adaptive', {fixed: number >= 0} or {movingAverage: number in [0, 1)}, got ${JSON.stringify(rule)}`,
  );
}

function checkEta(eta: unknown, where: string): void {
  if (typeof eta === 'number' && Number.isFinite(eta) && eta >= 0) return;
  const given = typeof eta === 'number' ? String(eta) : JSON.stringify(eta);
  throw new InputError(`${where}: eta must be a finite number >= 0, got ${given}`);
}

function flag(
  options: ScalingOptions,
  key: 'scaleAuxiliaryGradient' | 'gainOnly',
  byDefault: boolean,
  where: string,
): boolean {
  const value: unknown = options[key] ?? byDefault;
  if (typeof value === 'boolean') return value;
  throw new InputError(`${where}: ${key} must be true or false, got ${JSON.stringify(value)}`);
}

function positive(value: number, name: string, where: string): number {
  if (typeof value !== 'number' || !(value > 0)) {
    throw new InputError(`${where}: ${name} must be a number > 0, got ${String(value)}`);
  }
  return value;
}
