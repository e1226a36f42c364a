/**
 * One optimizer step per call, outputs may be the inputs. Formulas: @surge-bnn/contract, kernels.ts. SGD and
 * Adam in f32; Bop in f64 like its reference, because a comparison decides there.
 */
import { loadLanes, storeLanes } from './lanes';

export function sgdStep(
  parameter: usize,
  gradient: usize,
  velocity: usize,
  newParameter: usize,
  newVelocity: usize,
  count: i32,
  learningRate: f32,
  momentum: f32,
  nesterov: bool,
  weightDecay: f32,
  low: f32,
  high: f32,
): void {
  const rate = f32x4.splat(learningRate);
  const mu = f32x4.splat(momentum);
  const decay = f32x4.splat(weightDecay);
  const L = f32x4.splat(low);
  const H = f32x4.splat(high);
  for (let i = 0; i < count; i += 4) {
    const lanes = count - i;
    const at = (<usize>i) << 2;
    const p = loadLanes(parameter + at, lanes);
    const g = f32x4.add(loadLanes(gradient + at, lanes), f32x4.mul(decay, p));
    const v = f32x4.add(f32x4.mul(mu, loadLanes(velocity + at, lanes)), g);
    const step = nesterov ? f32x4.add(g, f32x4.mul(mu, v)) : v;
    const next = f32x4.sub(p, f32x4.mul(rate, step));
    storeLanes(newParameter + at, f32x4.min(f32x4.max(next, L), H), lanes);
    storeLanes(newVelocity + at, v, lanes);
  }
}

/**
 * `decay` joins the gradient, `keep` multiplies the parameter (one of them is neutral: 0 or 1); rest1 = 1 - beta1 and
 * rest2 = 1 - beta2; correction1 and 2 = 1 / (1 - beta^step); computed in f64 by the caller.
 */
export function adamStep(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  newParameter: usize,
  newFirst: usize,
  newSecond: usize,
  count: i32,
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  rest1: f32,
  rest2: f32,
  correction1: f32,
  correction2: f32,
  epsilon: f32,
  decay: f32,
  keep: f32,
  low: f32,
  high: f32,
): void {
  const L = f32x4.splat(low);
  const H = f32x4.splat(high);
  for (let i = 0; i < count; i += 4) {
    const lanes = count - i;
    const at = (<usize>i) << 2;
    const p = loadLanes(parameter + at, lanes);
    const g = f32x4.add(loadLanes(gradient + at, lanes), f32x4.mul(f32x4.splat(decay), p));
    const m = f32x4.add(
      f32x4.mul(f32x4.splat(beta1), loadLanes(first + at, lanes)),
      f32x4.mul(f32x4.splat(rest1), g),
    );
    const v = f32x4.add(
      f32x4.mul(f32x4.splat(beta2), loadLanes(second + at, lanes)),
      f32x4.mul(f32x4.mul(f32x4.splat(rest2), g), g),
    );
    const root = f32x4.sqrt(f32x4.mul(v, f32x4.splat(correction2)));
    const numerator = f32x4.mul(m, f32x4.splat(correction1));
    const direction = f32x4.div(numerator, f32x4.add(root, f32x4.splat(epsilon)));
    const start = f32x4.mul(p, f32x4.splat(keep));
    const next = f32x4.sub(start, f32x4.mul(f32x4.splat(learningRate), direction));
    storeLanes(newParameter + at, f32x4.min(f32x4.max(next, L), H), lanes);
    storeLanes(newFirst + at, m, lanes);
    storeLanes(newSecond + at, v, lanes);
  }
}

export function bopStep(
  parameter: usize,
  gradient: usize,
  momentum: usize,
  newParameter: usize,
  newMomentum: usize,
  count: i32,
  gamma: f64,
  threshold: f64,
): void {
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 4) {
    const w = load<f32>(parameter + at);
    const old = <f64>load<f32>(momentum + at);
    const m = <f32>(old + gamma * (<f64>load<f32>(gradient + at) - old));
    store<f32>(newParameter + at, <f64>w * <f64>m > threshold ? -w : w);
    store<f32>(newMomentum + at, m);
  }
}
