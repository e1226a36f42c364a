/**
 * A layer of a method out of its formulas in methods.ts. The gradients are finite differences of the loss <G, y>, so no vector-Jacobian product is derived
 * here, as it is in the code.
 */
import { conv } from './formulas.js';
import type { Numbers } from './formulas.js';
import type { MethodCase, Point } from './methods.js';

/** The values outside the picture: 0, or the value that the sign `padValue` has. */
function border(method: MethodCase, point: Point, at: Point): number {
  const { padValue = 0 } = point.c;
  if (padValue !== 0 && method.name === 'bit') {
    const [[a], [a0]] = [point.inputParameters[0], at.inputParameters[0]];
    const value = method.options?.['set'] === 'unsigned' ? (1 + padValue) / 2 : padValue;
    return value * (a0 + (a - a0) / Math.sqrt(point.x.length));
  }
  if (padValue === 0 || method.name !== 'adabin') return padValue;
  const [[a], [b]] = point.inputParameters;
  return a * padValue + (method.options?.['offset'] === 'paper' ? b : a * b);
}

/** y, and by finite differences the gradients of <dy, y> by everything. */
export function methodLayer(method: MethodCase, at: Point, dy: Numbers) {
  const output = (now: Point) =>
    conv(now.c, method.input(now, at), method.weights(now, at), dy, border(method, now, at)).y;
  const y0 = output(at);
  const loss = (now: Point) => output(now).reduce((s, v, i) => s + (v - y0[i]) * dy[i], 0);
  const by = (values: Numbers, moved: (changed: Numbers) => Point) =>
    values.map((_, i) => {
      const h = 1e-6;
      const shift = (d: number) => values.map((v, j) => (i === j ? v + d : v));
      return (loss(moved(shift(h))) - loss(moved(shift(-h)))) / (2 * h);
    });
  const byEach = (key: 'inputParameters' | 'weightParameters') =>
    at[key].map((values, k) =>
      by(values, (changed) => ({ ...at, [key]: at[key].map((v, j) => (j === k ? changed : v)) })),
    );
  return {
    y: y0,
    dx: by(at.x, (x) => ({ ...at, x })),
    dw: by(at.w, (w) => ({ ...at, w })),
    dInput: byEach('inputParameters'),
    dWeight: byEach('weightParameters'),
  };
}
