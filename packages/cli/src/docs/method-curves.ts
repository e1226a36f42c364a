/**
 * What a method's forward value and slope look like, sampled from the code itself: each side of a layer as a function of the number
 * that comes in, or, where a transform looks at a whole filter or sample, of what its sign is taken of.
 */
import { binarizers, inputBinarizers, methods } from '@surge-bnn/core';
import type { Binarizer, MethodName } from '@surge-bnn/core';
import * as tf from '@tensorflow/tfjs-core';

export interface Curve {
  /** "inputs", "weights, p = 0.5". */
  readonly name: string;
  readonly points: readonly {
    readonly at: number;
    readonly value: number;
    readonly slope: number;
  }[];
}

/** The p that a schedule is shown at; the third is close to the end, where everything has become a sign. */
const progresses = [0, 0.5, 1];
const reach = 2;
const steps = 200;

/**
 * Both sides of the method; one where they are alike, and one p where nothing changes with it. Numbers are rounded to four places,
 * so that a page does not depend on the last bits of an exp.
 */
export function methodCurves(name: MethodName): Curve[] {
  const { input, weight } = methods[name];
  const inputs = perProgress('inputs', inputBinarizers[input]);
  const weights = perProgress('weights', binarizers[weight]);
  const plain = (curves: readonly Curve[]) => JSON.stringify(curves.map(({ points }) => points));
  if (plain(inputs) !== plain(weights)) return [...inputs, ...weights];
  return inputs.map((curve) => ({ ...curve, name: curve.name.replace('inputs', 'both sides') }));
}

function perProgress(side: string, binarizer: Binarizer): Curve[] {
  const all = progresses.map((p) => ({ p, points: sample(binarizer, p) }));
  const first = JSON.stringify(all[0].points);
  if (all.every(({ points }) => JSON.stringify(points) === first)) {
    return [{ name: side, points: all[0].points }];
  }
  return all.map(({ p, points }) => ({ name: `${side}, p = ${p}`, points }));
}

function sample(binarizer: Binarizer, p: number): Curve['points'] {
  // Between the multiples, so that no point lies on a jump.
  const grid = Float32Array.from(
    { length: steps },
    (_, i) => ((i + 0.5) / steps - 0.5) * 2 * reach,
  );
  return tf.tidy(() => {
    const { transform, surrogate, real, set } = binarizer;
    const x = tf.tensor2d(grid, [steps, 1]);
    const parameters = transform.parameters.map(({ initialValue }) =>
      tf.tensor1d([typeof initialValue === 'number' ? initialValue : 1]),
    );
    const pointwise = isPointwise(binarizer, x, parameters, p);
    const u = pointwise ? transform.forward(x, parameters, p) : x;
    const signs = tf.where(tf.less(u, 0), tf.fill(u.shape, -1), tf.onesLike(u));
    const value = real?.appliesAt(p) === true ? real.value(u, p) : signs;
    const slope = surrogate.slope(u, p);
    const atX = pointwise ? transform.backward(slope, x, parameters, p).input : slope;
    const { scale, offset } = set?.values(parameters, p) ?? {};
    const scaled = scale === undefined ? value : tf.mul(value, scale);
    const values = (offset === undefined ? scaled : tf.add(scaled, offset)).dataSync();
    const slopes = atX.dataSync();
    return Array.from(grid, (at, i) => ({
      at: rounded(at),
      value: rounded(values[i]),
      slope: rounded(slopes[i]),
    }));
  });
}

/** Whether each number is transformed by itself: half of the numbers then come out the same without the other half. */
function isPointwise(
  { transform }: Binarizer,
  x: tf.Tensor2D,
  parameters: readonly tf.Tensor[],
  p: number,
): boolean {
  const half = tf.slice(x, [0, 0], [steps / 2, 1]);
  const whole = tf.slice(transform.forward(x, parameters, p), [0, 0], [steps / 2, 1]);
  const alone = transform.forward(half, parameters, p);
  return tf.max(tf.abs(tf.sub(whole, alone))).dataSync()[0] === 0;
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4 + 0;
