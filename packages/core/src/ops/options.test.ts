/** What the ops refuse: every mistake is one sentence, and no branch is ever silently missing. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { InputError } from '@surge-bnn/contract';
import { beforeAll, describe, expect, it } from 'vitest';
import { inputBinarizers } from '../binarizers/registry.js';
import { surge } from '../compensator/surge.js';
import { binaryConv2d, binaryMatMul } from './binary-conv2d.js';

beforeAll(() => tf.setBackend('cpu'));

const plain = { inputBinarizer: 'ste', weightBinarizer: 'ste' };

function mistake(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  return 'accepted';
}

/** The op with options as JavaScript may give them, unseen by the compiler. */
const conv = (options: unknown) =>
  binaryConv2d(tf.ones([1, 2, 2, 3]), tf.ones([1, 1, 3, 2]), options as never);
const product = (options: unknown) =>
  binaryMatMul(tf.ones([4, 3]), tf.ones([3, 2]), options as never);

describe('options of the ops', () => {
  it.each([
    [undefined, 'takes an object of options'],
    [{}, 'a binarizer must be a name (ste,'],
    [{ ...plain, inputBinarizer: 'stee' }, 'did you mean "ste"'],
    [{ ...plain, inputBinariser: 'ste' }, 'did you mean "inputBinarizer"'],
    [{ ...plain, p: 1.5 }, 'p must lie in [0, 1], got 1.5'],
    [{ ...plain, p: NaN }, 'p must lie in [0, 1], got NaN'],
    [{ ...plain, compensator: {} }, 'eta is missing'],
    [plain, 'accepted'],
    [{ ...plain, inputBinarizer: 'none' }, 'accepted'],
    [{ ...plain, weightBinarizer: 'none' }, 'is no binarizer of weights; allowed: ste,'],
  ])('%j: %s', (options, expected) => {
    expect(mistake(() => conv(options))).toContain(expected);
    expect(mistake(() => product(options))).toContain(expected);
  });

  it('a float input is padded with 0 alone', () => {
    const options = { ...plain, inputBinarizer: 'none', name: 'stem' };
    expect(mistake(() => conv({ ...options, padValue: 0 }))).toBe('accepted');
    expect(mistake(() => conv({ ...options, padValue: -1 }))).toBe(
      `stem: with inputBinarizer 'none' the float input is padded with 0, so padValue must be 0, got -1`,
    );
  });

  it('an input of 2 bits, too, and no weight has them', () => {
    const options = { ...plain, name: 'stem', inputParameters: [tf.ones([1]), tf.zeros([3])] };
    const two = { name: 'bit', bits: 2 } as const;
    expect(mistake(() => conv({ ...options, inputBinarizer: two }))).toBe('accepted');
    expect(mistake(() => conv({ ...options, inputBinarizer: two, padValue: 1 }))).toBe(
      'stem: "bit" has 2 bits for an input (-2, -1, 0, 1), which is padded with 0, so padValue must be 0, got 1',
    );
    const levels = { name: 'two', bits: 2, of: (u: tf.Tensor) => u };
    const weightBinarizer = { ...inputBinarizers.ste, name: 'own', levels };
    expect(mistake(() => conv({ ...plain, weightBinarizer, name: 'stem' }))).toBe(
      'stem: binarizer "own" has a set of values for inputs; it cannot binarize weights',
    );
  });

  it('differ: a matrix product has no strides', () => {
    expect(mistake(() => conv({ ...plain, stride: 1 }))).toContain('did you mean "strides"');
    expect(mistake(() => conv({ ...plain, strides: 1, groups: 1 }))).toBe('accepted');
    expect(mistake(() => product({ ...plain, strides: 1 }))).toContain(
      'ops.binaryMatMul "strides"',
    );
  });
});

describe('a compensator without the tensor that its form needs', () => {
  const none = 'has no auxiliary weights; auxiliary must be';
  it.each([
    [undefined, none],
    [{ form: 'full' }, none],
    [{ form: 'frozen' }, none],
    [{ form: 'frozen', weights: [1] }, none],
    [{}, none],
    [{ form: 'frozn' }, 'did you mean "frozen"'],
    [{ form: 'grouped' }, none],
    [{ form: 'lowRank' }, none],
    [{ form: 'groupd' }, 'did you mean "grouped"'],
    [{ form: 'shared' }, 'accepted'],
  ])('is refused, not skipped: %j', (auxiliary, expected) => {
    const options = { ...plain, compensator: { eta: 1, auxiliary } };
    expect(mistake(() => conv(options))).toContain(expected);
    expect(mistake(() => product(options))).toContain(expected);
  });

  it('names the shape in the words of the caller, and the type', () => {
    const with2 = (auxiliary: tf.Tensor) => ({ ...plain, compensator: { eta: 1, auxiliary } });
    expect(mistake(() => product(with2(tf.ones([3, 4]))))).toContain('shape [3,2], got [3,4]');
    expect(mistake(() => product(with2(tf.ones([2, 3]))))).toContain('shape [3,2], got [2,3]');
    expect(mistake(() => conv(with2(tf.ones([1, 1, 3, 4]))))).toContain('got [1,1,3,4]');
    expect(mistake(() => product(with2(tf.ones([3, 2], 'int32'))))).toContain('float32, got int32');
  });
});

describe('options of surge that contradict or mean nothing', () => {
  it.each([
    [{ lambda: { fixed: 1, movingAverage: 0.5 } }, 'lambda must be'],
    [{ eta: 1, lambda: { movingAverage: 0.5, from: 1 } }, 'lambda must be'],
    [{ eta: 1, scope: { first: 1, last: 1 } }, 'scope must be'],
    [{ eta: 1, scope: { names: 'c1' } }, 'scope must be'],
    [{ eta: 1, gainOnly: 'yes' }, 'gainOnly must be true or false, got "yes"'],
    [{ eta: 1, epsilon: '1' }, 'epsilon must be a number > 0, got 1'],
    [{ eta: '0.1' }, 'eta must be a finite number >= 0, got "0.1"'],
    [{ eta: 1, seed: 3 }, 'unknown option of surge "seed"'],
    [{ lambda: { fixed: 0 } }, 'accepted'],
    [{ eta: 1, scope: { names: ['c1'] }, lambda: { movingAverage: 0 } }, 'accepted'],
  ])('are refused: %j', (options, expected) => {
    expect(mistake(() => surge(options as never))).toContain(expected);
  });
});
