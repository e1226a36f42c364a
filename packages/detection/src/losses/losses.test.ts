/** The losses against plain float64 formulas, their gradients against finite differences of those. */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { drawn, expectClose, expectNoLeak, slopes } from '../testing/finite-differences.fixture.js';
import { binaryCrossEntropySum } from './binary-cross-entropy.js';
import { classCrossEntropySum } from './class-cross-entropy.js';
import { multiboxLoss } from './multibox-loss.js';
import { proposalLoss } from './proposal-loss.js';
import { regionLoss } from './region-loss.js';
import { smoothL1Sum } from './smooth-l1.js';

beforeAll(() => tf.setBackend('cpu'));

function smoothL1(prediction: readonly number[], target: readonly number[], beta: number): number {
  return prediction.reduce((sum, p, i) => {
    const d = Math.abs(p - target[i]);
    return sum + (d < beta ? (d * d) / (2 * beta) : d - beta / 2);
  }, 0);
}

const crossEntropy = (x: number, z: number) => {
  const p = 1 / (1 + Math.exp(-x));
  return -z * Math.log(p) - (1 - z) * Math.log(1 - p);
};

function softmaxLoss(row: readonly number[], c: number): number {
  return Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[c];
}

const chunk = (values: readonly number[], size: number) =>
  Array.from({ length: values.length / size }, (_, i) => values.slice(i * size, (i + 1) * size));

describe('smoothL1Sum', () => {
  it.each([1, 1 / 9, 0.5, 0])('beta %f: value and slope', (beta) => {
    const [p, t] = [drawn(24, 1).map((v) => 2 * v), drawn(24, 2)];
    const loss = (x: tf.Tensor) => smoothL1Sum(x, tf.tensor2d(t, [6, 4]), beta);
    const at = tf.tensor2d(p, [6, 4]);
    expectClose(loss(at), [smoothL1(p, t, beta)], 1e-4);
    const expected = slopes((moved) => smoothL1(moved, t, beta), p);
    expectClose(
      tf.grad(loss)(at, tf.scalar(3)),
      expected.map((v) => 3 * v),
    );
  });

  it('counts by hand, at the bend and at 0', () => {
    const value = (d: number, beta: number) =>
      smoothL1Sum(tf.tensor1d([d]), tf.tensor1d([0]), beta).dataSync()[0];
    expect([value(0.5, 1), value(1, 1), value(-3, 1), value(0, 1), value(-3, 0)]).toEqual([
      0.125, 0.5, 2.5, 0, 3,
    ]);
  });

  it('is 0 for nothing, and leaves no tensor behind', () => {
    expectNoLeak(() => {
      const nothing = tf.zeros([0, 4]);
      const loss = smoothL1Sum(nothing, nothing, 1);
      expect(loss.dataSync()[0]).toBe(0);
      tf.dispose([nothing, loss]);
    });
    const [p, t] = [tf.tensor1d([1, 2]), tf.tensor1d([0, 0])];
    expectNoLeak(() => tf.dispose(tf.grad((x) => smoothL1Sum(x, t, 1))(p)));
    expect(() => smoothL1Sum(p, tf.zeros([3]), 1)).toThrow(InputError);
  });
});

describe('binaryCrossEntropySum', () => {
  it('value and slope', () => {
    const [x, z] = [drawn(30, 3).map((v) => 6 * v), drawn(30, 4).map((v) => (v + 1) / 2)];
    const total = (moved: readonly number[]) =>
      moved.reduce((sum, v, i) => sum + crossEntropy(v, z[i]), 0);
    const loss = (logits: tf.Tensor) => binaryCrossEntropySum(logits, tf.tensor1d(z));
    expectClose(loss(tf.tensor1d(x)), [total(x)], 1e-4);
    expectClose(tf.grad(loss)(tf.tensor1d(x)), slopes(total, x));
  });

  it('does not overflow', () => {
    const loss = (x: number, z: number) =>
      binaryCrossEntropySum(tf.tensor1d([x]), tf.tensor1d([z])).dataSync()[0];
    expect([loss(1000, 0), loss(-1000, 0), loss(1000, 1), loss(-1000, 1)]).toEqual([
      1000, 0, 0, 1000,
    ]);
    expect(loss(NaN, 1)).toBeNaN();
  });
});

describe('classCrossEntropySum', () => {
  it('value and slope', () => {
    const x = drawn(12, 5).map((v) => 3 * v);
    const classes = [2, 0, 1, 1];
    const total = (moved: readonly number[]) =>
      chunk(moved, 3).reduce((sum, row, i) => sum + softmaxLoss(row, classes[i]), 0);
    const loss = (logits: tf.Tensor) =>
      classCrossEntropySum(logits as tf.Tensor2D, Int32Array.from(classes));
    expectClose(loss(tf.tensor2d(x, [4, 3])), [total(x)]);
    expectClose(tf.grad(loss)(tf.tensor2d(x, [4, 3])), slopes(total, x));
  });

  it('is 0 for no rows and refuses unknown classes', () => {
    expect(classCrossEntropySum(tf.zeros([0, 3]), new Int32Array(0)).dataSync()[0]).toBe(0);
    expect(() => classCrossEntropySum(tf.zeros([1, 3]), Int32Array.of(3))).toThrow(
      'class 3 of row 0 is not in 0 to 2',
    );
    expect(() => classCrossEntropySum(tf.zeros([1, 3]), new Int32Array(0))).toThrow('1 rows need');
  });
});

/** Gradients of both parts' sum at both inputs. */
function gradients<A extends tf.Tensor, B extends tf.Tensor>(
  loss: (a: A, b: B) => { classification: tf.Scalar; box: tf.Scalar },
  a: A,
  b: B,
): tf.Tensor[] {
  return tf.grads((x: tf.Tensor, y: tf.Tensor) => {
    const { classification, box } = loss(x as A, y as B);
    return tf.add(classification, box);
  })([a, b]);
}

describe('proposalLoss', () => {
  const logits = drawn(10, 6).map((v) => 3 * v);
  const deltas = drawn(40, 7);
  const targets = [
    {
      positive: Int32Array.of(1, 3),
      negative: Int32Array.of(0),
      deltas: Float32Array.from(drawn(8, 8)),
    },
    { positive: new Int32Array(0), negative: Int32Array.of(2, 4), deltas: new Float32Array(0) },
  ];
  const chosen = [
    [1, 1],
    [3, 1],
    [0, 0],
    [7, 0],
    [9, 0],
  ];
  const objectness = (x: readonly number[]) =>
    chosen.reduce((sum, [i, z]) => sum + crossEntropy(x[i], z), 0) / 5;
  const boxes = (d: readonly number[]) =>
    smoothL1([...d.slice(4, 8), ...d.slice(12, 16)], drawn(8, 8), 1 / 9) / 5;

  it('divides both sums by the anchors drawn', () => {
    const loss = proposalLoss(tf.tensor2d(logits, [2, 5]), tf.tensor3d(deltas, [2, 5, 4]), targets);
    expectClose(loss.classification, [objectness(logits)]);
    expectClose(loss.box, [boxes(deltas)]);
  });

  it('has the slopes of finite differences', () => {
    const [a, b] = gradients(
      (x: tf.Tensor2D, d: tf.Tensor3D) => proposalLoss(x, d, targets),
      tf.tensor2d(logits, [2, 5]),
      tf.tensor3d(deltas, [2, 5, 4]),
    );
    expectClose(a, slopes(objectness, logits));
    expectClose(b, slopes(boxes, deltas));
  });

  it('is 0 with gradients of 0 where nothing is drawn', () => {
    const nothing = targets.map(() => ({
      positive: new Int32Array(0),
      negative: new Int32Array(0),
      deltas: new Float32Array(0),
    }));
    const loss = proposalLoss(tf.tensor2d(logits, [2, 5]), tf.tensor3d(deltas, [2, 5, 4]), nothing);
    expect([loss.classification.dataSync()[0], loss.box.dataSync()[0]]).toEqual([0, 0]);
  });

  it('leaves no tensor behind', () => {
    const [x, d] = [tf.tensor2d(logits, [2, 5]), tf.tensor3d(deltas, [2, 5, 4])];
    expectNoLeak(() => tf.dispose({ ...proposalLoss(x, d, targets) }));
    expectNoLeak(() =>
      tf.dispose(gradients((a: tf.Tensor2D, b: tf.Tensor3D) => proposalLoss(a, b, targets), x, d)),
    );
  });
});

describe('regionLoss', () => {
  const logits = drawn(15, 9).map((v) => 3 * v);
  const deltas = drawn(60, 10);
  const truth = drawn(12, 11);
  const none = new Float32Array(0);
  const targets = [
    { boxes: none, classes: Int32Array.of(2, 1, 0), deltas: Float32Array.from(truth.slice(0, 8)) },
    { boxes: none, classes: Int32Array.of(1, 0), deltas: Float32Array.from(truth.slice(8)) },
  ];
  const classes = [2, 1, 0, 1, 0];
  const classLoss = (x: readonly number[]) =>
    chunk(x, 3).reduce((sum, row, i) => sum + softmaxLoss(row, classes[i]), 0) / 5;
  // Proposal 0 as class 2, 1 as class 1, 3 as class 1.
  const boxLoss = (d: readonly number[]) =>
    smoothL1(
      [2, 4, 10].flatMap((row) => d.slice(4 * row, 4 * row + 4)),
      truth,
      1 / 9,
    ) / 5;

  it('counts the true class’s box, both sums by the proposals drawn, with their slopes', () => {
    const [x, d] = [tf.tensor2d(logits, [5, 3]), tf.tensor2d(deltas, [5, 12])];
    const loss = regionLoss(x, d, targets);
    expectClose(loss.classification, [classLoss(logits)]);
    expectClose(loss.box, [boxLoss(deltas)]);
    const [a, b] = gradients((p: tf.Tensor2D, q: tf.Tensor2D) => regionLoss(p, q, targets), x, d);
    expectClose(a, slopes(classLoss, logits));
    expectClose(b, slopes(boxLoss, deltas));
    expectNoLeak(() => tf.dispose({ ...regionLoss(x, d, targets) }));
  });

  it('is 0 without proposals', () => {
    const loss = regionLoss(tf.zeros([0, 3]), tf.zeros([0, 12]), []);
    expect([loss.classification.dataSync()[0], loss.box.dataSync()[0]]).toEqual([0, 0]);
  });
});

describe('multiboxLoss', () => {
  const logits = drawn(60, 12).map((v) => 3 * v);
  const deltas = drawn(80, 13);
  const truth = drawn(12, 14);
  const labels = [
    [0, 2, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
  ];
  const targets = labels.map((row, picture) => ({
    classes: Int32Array.from(row),
    positive: Int32Array.from(row.flatMap((c, i) => (c > 0 ? [i] : []))),
    deltas: Float32Array.from(picture === 0 ? truth.slice(0, 8) : truth.slice(8)),
  }));

  /** Three negatives for each positive of the picture, those with the largest loss: by sorting all losses. */
  const classLoss = (x: readonly number[]) => {
    const rows = chunk(x, 3);
    let sum = 0;
    labels.forEach((row, picture) => {
      const losses = row.map((c, i) => ({ c, loss: softmaxLoss(rows[10 * picture + i], c) }));
      const positive = losses.filter(({ c }) => c > 0);
      const hard = losses.filter(({ c }) => c === 0).sort((a, b) => b.loss - a.loss);
      for (const { loss } of [...positive, ...hard.slice(0, 3 * positive.length)]) sum += loss;
    });
    return sum / 3;
  };
  const boxLoss = (d: readonly number[]) =>
    smoothL1(
      [1, 4, 16].flatMap((row) => d.slice(4 * row, 4 * row + 4)),
      truth,
      1,
    ) / 3;

  it('mines hard negatives, divides by the positives, with the slopes of finite differences', () => {
    const [x, d] = [tf.tensor3d(logits, [2, 10, 3]), tf.tensor3d(deltas, [2, 10, 4])];
    const loss = multiboxLoss(x, d, targets);
    expectClose(loss.classification, [classLoss(logits)]);
    expectClose(loss.box, [boxLoss(deltas)]);
    const [a, b] = gradients((p: tf.Tensor3D, q: tf.Tensor3D) => multiboxLoss(p, q, targets), x, d);
    expectClose(a, slopes(classLoss, logits));
    expectClose(b, slopes(boxLoss, deltas));
    expectNoLeak(() => tf.dispose({ ...multiboxLoss(x, d, targets) }));
  });

  it('is 0 for pictures without objects, and refuses a NaN', () => {
    const background = {
      classes: new Int32Array(10),
      positive: new Int32Array(0),
      deltas: new Float32Array(0),
    };
    const [x, d] = [tf.tensor3d(logits, [2, 10, 3]), tf.tensor3d(deltas, [2, 10, 4])];
    const loss = multiboxLoss(x, d, [background, background]);
    expect([loss.classification.dataSync()[0], loss.box.dataSync()[0]]).toEqual([0, 0]);
    const broken = tf.tensor3d(
      logits.map((v, i) => (i === 31 ? NaN : v)),
      [2, 10, 3],
    );
    expect(() => multiboxLoss(broken, d, targets)).toThrow('the class logits hold a NaN');
  });
});
