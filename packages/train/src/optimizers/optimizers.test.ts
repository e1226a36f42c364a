/** Every optimizer against its formula, written out here on plain numbers; on both ways to run a step. */
import { useEngine } from '@surge-bnn/engine';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeBackends } from '../testing/native.js';
import { parseRecipe } from '../recipe/recipe.js';
import { adam, adamw } from './adam.js';
import { recipeGroups } from './from-recipe.js';
import { bop } from './bop.js';
import type { Optimizer } from './optimizer.js';
import { sgd } from './sgd.js';

const gradientSteps = [
  [0.5, -2, 0, 3],
  [-1, -2, 0.25, 3],
  [0.125, 4, -0.5, -3],
];
const start = [1, -0.5, 0.25, -1];

/** Runs the optimizer over the gradients; returns the parameter after each step. */
function run(optimizer: Optimizer, clip?: readonly [number, number], factor = 1): number[][] {
  let parameter: tf.Tensor = tf.tensor(start);
  let state = optimizer.init(parameter);
  return gradientSteps.map((values, i) => {
    const gradient = tf.tensor(values);
    const next = optimizer.update({ parameter, gradient, state, step: i + 1, factor, clip });
    tf.dispose([parameter, gradient, ...Object.values(state)]);
    ({ parameter, state } = next);
    return [...parameter.dataSync()];
  });
}

function close(actual: number[][], expected: number[][]): void {
  expected.forEach((row, i) =>
    row.forEach((value, j) => expect(actual[i][j]).toBeCloseTo(value, 5)),
  );
}

/** The same trajectory for every entry on its own. */
function scalar(step: (g: number, w: number, t: number, memory: number[]) => number): number[][] {
  const w = [...start];
  const memory = w.map(() => [0, 0]);
  return gradientSteps.map((row, i) => row.map((g, j) => (w[j] = step(g, w[j], i + 1, memory[j]))));
}

describe.each(['cpu', 'surge-wasm', ...nativeBackends] as const)('on %s', (backend) => {
  beforeAll(async () => {
    await useEngine({ backend });
  });

  it('sgd: plain', () => {
    close(
      run(sgd({ learningRate: 0.1 })),
      scalar((g, w) => w - 0.1 * g),
    );
  });

  it('sgd: momentum, Nesterov and weight decay', () => {
    const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 };
    close(
      run(sgd(options)),
      scalar((gradient, w, _, m) => {
        m[0] = 0.9 * m[0] + (gradient + 0.01 * w);
        return w - 0.1 * m[0];
      }),
    );
    close(
      run(sgd({ ...options, nesterov: true })),
      scalar((gradient, w, _, m) => {
        const g = gradient + 0.01 * w;
        m[0] = 0.9 * m[0] + g;
        return w - 0.1 * (g + 0.9 * m[0]);
      }),
    );
  });

  it('sgd: the factor scales the rate, the range clips the result', () => {
    close(
      run(sgd({ learningRate: 0.1 }), undefined, 0.5),
      scalar((g, w) => w - 0.05 * g),
    );
    const clipped = run(sgd({ learningRate: 1 }), [-1, 1]);
    close(
      clipped,
      scalar((g, w) => Math.max(-1, Math.min(1, w - g))),
    );
  });

  const moments = (l2: number, decoupled: number) =>
    scalar((gradient, w, t, memory) => {
      const g = gradient + l2 * w;
      memory[0] = 0.8 * memory[0] + 0.2 * g;
      memory[1] = 0.95 * memory[1] + 0.05 * g ** 2;
      const first = memory[0] / (1 - 0.8 ** t);
      const second = memory[1] / (1 - 0.95 ** t);
      return w - 0.1 * decoupled * w - (0.1 * first) / (Math.sqrt(second) + 1e-3);
    });
  const options = { learningRate: 0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 };

  it('adam: moments with bias correction; decay joins the gradient', () => {
    close(run(adam(options)), moments(0, 0));
    close(run(adam({ ...options, weightDecay: 0.3 })), moments(0.3, 0));
  });

  it('adamw: decay shrinks the weight, apart from the gradient', () => {
    close(run(adamw({ ...options, weightDecay: 0.3 })), moments(0, 0.3));
    expect(run(adamw(options))).toEqual(run(adam(options)));
  });

  it('bop: flips exactly where the average agrees with the weight beyond the threshold', () => {
    const optimizer = bop({ gamma: 0.5, threshold: 0.4 });
    const parameter = tf.tensor([1, 1, 1, -1, -1]);
    const gradient = tf.tensor([1, 0.5, -1, -1, 1]);
    const first = optimizer.update({
      parameter,
      gradient,
      state: optimizer.init(parameter),
      step: 1,
    });
    // m = 0.5 g: only w m = 0.5 > 0.4 flips.
    expect([...first.parameter.dataSync()]).toEqual([-1, 1, 1, 1, -1]);
    const second = optimizer.update({ ...first, gradient, step: 2 });
    // m = 0.75 g: -0.75 for the flipped first, 0.375 below the threshold, 1 * -0.75 stays.
    expect([...second.parameter.dataSync()]).toEqual([-1, 1, 1, 1, -1]);
  });

  it('bop: starts from signs, +1 for both zeros', () => {
    const prepared = bop({ gamma: 0.1, threshold: 0 }).prepare?.(tf.tensor([0.3, -0.2, 0, -0]));
    expect([...(prepared?.dataSync() ?? [])]).toEqual([1, -1, 1, 1]);
  });

  it('keeps the arguments and adds no tensor but the results', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, min: -5, max: 5 }), { minLength: 1, maxLength: 20 }),
        fc.constantFrom(
          sgd({ learningRate: 0.1, momentum: 0.9 }),
          adamw({ learningRate: 0.1 }),
          bop({ gamma: 0.1, threshold: 0 }),
        ),
        (values, optimizer) => {
          const parameter = tf.tensor(values);
          const gradient = tf.tensor(values.map((v) => v / 2));
          const state = optimizer.init(parameter);
          const before = tf.memory().numTensors;
          const next = optimizer.update({ parameter, gradient, state, step: 1 });
          expect(tf.memory().numTensors - before).toBe(1 + optimizer.slots.length);
          expect([...parameter.dataSync()]).toEqual(values.map(Math.fround));
          tf.dispose([parameter, gradient, next.parameter]);
          tf.dispose([...Object.values(state), ...Object.values(next.state)]);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('layer-wise learning rates', () => {
  it('shrink from the head down to the embeddings', () => {
    const recipe = parseRecipe({
      data: { name: 'sst2' },
      network: { name: 'bert', options: { layers: 2, precision: 'full' } },
      optimizer: { name: 'sgd', learningRate: 0.1 },
      epochs: 1,
      batchSize: 1,
      language: { layerDecay: 0.5 },
    });
    const [group] = recipeGroups(recipe);
    const variable = tf.variable(tf.scalar(0));
    const factorOf = (layer: string) =>
      group.factorOf?.({ key: '', layer, variable, role: 'other', trainable: true });
    expect(
      [
        'bert.embeddings.word_embeddings',
        'bert.embeddings',
        'bert.encoder.layer.0.attention.self.query',
        'bert.encoder.layer.1.output.LayerNorm',
        'bert.pooler.dense',
        'classifier',
      ].map(factorOf),
    ).toEqual([0.25, 0.25, 0.5, 1, 1, 1]);
    variable.dispose();
  });
});
