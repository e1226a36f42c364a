/** What a teacher adds to the loss, against plain float64 sums written here. */
import { bert, textInputs } from '@surge-bnn/language';
import type { Bert, Texts } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { useEngine } from '@surge-bnn/engine';
import { languageSchema } from '../../recipe/language.js';
import { matchingObjective } from './match.js';

const sizes = { layers: 2, width: 6, heads: 2, ffn: 8, vocabulary: 12, positions: 8 };
const make = (seed: number, labels = 3): Bert =>
  bert(
    { ...sizes, activation: 'relu', dropout: 0, attentionDropout: 0 },
    { head: { kind: 'classifier', labels }, seed },
  );
/** Two texts, of 4 and 2 pieces. */
const texts: Texts = {
  ids: Int32Array.of(2, 5, 7, 3, 2, 3, 0, 0),
  types: new Int32Array(8),
  mask: Int32Array.of(1, 1, 1, 1, 1, 1, 0, 0),
  count: 2,
  length: 4,
};
const labels = Int32Array.of(2, 0);
const indices = Int32Array.of(0, 1);
const matchOf = (given: object) => languageSchema.shape.match.parse(given);

beforeAll(() => useEngine({ backend: 'surge-wasm' }));

/** All tensors of a network, as nested arrays. */
function inside(network: Bert, of: 'hiddenStates' | 'projections'): number[][][][] {
  const outputs =
    of === 'hiddenStates'
      ? [...network.hiddenStates]
      : network.projections.flatMap(({ query, key, value }) => [query, key, value]);
  const model = tfl.model({ inputs: network.model.inputs, outputs });
  return tf.tidy(() => {
    const values = model.apply(textInputs(texts)) as tf.Tensor3D[];
    return values.map((one) => one.arraySync());
  });
}

/** The parts of the loss as numbers. */
function partsOf(
  student: Bert,
  teacher: Bert,
  spec: Parameters<typeof matchingObjective>[2],
  match: object,
  truth: Int32Array | Float32Array = labels,
): Record<string, number> {
  const objective = matchingObjective(student, { network: teacher }, spec, matchOf(match), 0);
  return tf.tidy(() => {
    const inputs = textInputs(texts);
    const { parts } = objective.losses(inputs, truth, objective.targets(inputs, indices));
    return Object.fromEntries(
      Object.entries(parts).map(([name, one]) => [name, one.dataSync()[0]]),
    );
  });
}

const teacherSpec = { teacher: { run: 'none', checkpoint: 'last' as const } };
const lengths = [4, 2];

describe('matching', () => {
  it('of hidden states by values is the mean over pieces and entries, without padding', () => {
    const [student, teacher] = [make(1), make(2)];
    const [mine, its] = [inside(student, 'hiddenStates'), inside(teacher, 'hiddenStates')];
    let expected = 0;
    mine.forEach((state, layer) => {
      let sum = 0;
      lengths.forEach((length, text) => {
        for (let at = 0; at < length; at++) {
          state[text][at].forEach((value, i) => {
            sum += (value - its[layer][text][at][i]) ** 2;
          });
        }
      });
      expected += sum / (6 * sizes.width);
    });
    const { hiddenStates } = partsOf(student, teacher, teacherSpec, {
      hiddenStates: { weight: 0.5 },
    });
    expect(hiddenStates).toBeCloseTo(0.5 * expected, 5);
  });

  it('of hidden states by directions divides each text by its norm', () => {
    const [student, teacher] = [make(1), make(2)];
    const [mine, its] = [inside(student, 'hiddenStates'), inside(teacher, 'hiddenStates')];
    let expected = 0;
    mine.forEach((state, layer) => {
      lengths.forEach((length, text) => {
        expected +=
          apart(state[text].slice(0, length).flat(), its[layer][text].slice(0, length).flat()) / 2;
      });
    });
    const match = { hiddenStates: { weight: 2, of: 'directions' } };
    const { hiddenStates } = partsOf(student, teacher, teacherSpec, match);
    expect(hiddenStates).toBeCloseTo(2 * expected, 5);
  });

  it('of projections compares similarity matrices head by head', () => {
    const [student, teacher] = [make(1), make(2)];
    const [mine, its] = [inside(student, 'projections'), inside(teacher, 'projections')];
    const each = sizes.width / sizes.heads;
    const similarities = (rows: readonly number[][], head: number) =>
      rows.flatMap((a) =>
        rows.map((b) => {
          let sum = 0;
          for (let i = head * each; i < (head + 1) * each; i++) sum += a[i] * b[i];
          return sum;
        }),
      );
    let expected = 0;
    mine.forEach((projection, i) => {
      lengths.forEach((length, text) => {
        for (let head = 0; head < sizes.heads; head++) {
          const [p, q] = [projection, its[i]].map((one) =>
            similarities(one[text].slice(0, length), head),
          );
          expected += apart(p, q) / (2 * sizes.heads);
        }
      });
    });
    const { projections } = partsOf(student, teacher, teacherSpec, { projections: { weight: 1 } });
    expect(projections).toBeCloseTo(expected, 5);
  });

  it('of logits weighs labels and teacher; nothing is apart from itself', () => {
    const [student, teacher] = [make(1), make(2)];
    const logits = tf.tidy(() =>
      [student, teacher].map((one) => {
        const output = one.model.apply(textInputs(texts)) as tf.Tensor2D;
        return output.arraySync();
      }),
    );
    const [temperature, weight] = [2, 0.25];
    const softmax = (row: readonly number[], t: number) => {
      const e = row.map((one) => Math.exp(one / t));
      const sum = e.reduce((a, b) => a + b);
      return e.map((one) => one / sum);
    };
    let [hard, soft] = [0, 0];
    logits[0].forEach((row, i) => {
      hard -= Math.log(softmax(row, 1)[labels[i]]) / 2;
      const [mine, its] = [softmax(row, temperature), softmax(logits[1][i], temperature)];
      its.forEach((p, c) => {
        soft -= (p * Math.log(mine[c]) * temperature ** 2) / 2;
      });
    });
    const spec = { ...teacherSpec, logits: { temperature, weight } };
    const parts = partsOf(student, teacher, spec, {});
    expect(parts.labels).toBeCloseTo(hard * (1 - weight), 5);
    expect(parts.logits).toBeCloseTo(soft * weight, 5);
    const all = { hiddenStates: { weight: 1 }, projections: { weight: 1 } };
    const same = partsOf(student, student, teacherSpec, all);
    expect(same.hiddenStates).toBe(0);
    expect(same.projections).toBeCloseTo(0, 12);
  });

  it('of scores is the squared difference', () => {
    const [student, teacher] = [make(1, 1), make(2, 1)];
    const [mine, its] = tf.tidy(() =>
      [student, teacher].map((one) => {
        const output = one.model.apply(textInputs(texts)) as tf.Tensor2D;
        return [...output.dataSync()];
      }),
    );
    const spec = { ...teacherSpec, logits: { temperature: 1, weight: 1 } };
    const { logits, labels: hard } = partsOf(student, teacher, spec, {}, Float32Array.of(1, 2));
    const expected = ((mine[0] - its[0]) ** 2 + (mine[1] - its[1]) ** 2) / 2;
    expect(logits).toBeCloseTo(expected, 6);
    expect(hard).toBeUndefined();
  });

  it('of a teacher with other pieces has it read the same texts in its own', () => {
    const [student, teacher] = [make(1, 1), make(2, 1)];
    // Three texts as the teacher reads them; the batch has the last and the first.
    const read = {
      ...{ count: 3, ids: Int32Array.of(4, 6, 8, 9, 1, 7, 11, 10), pad: 0 },
      offsets: Int32Array.of(0, 2, 5, 8),
      firsts: Int32Array.of(2, 3, 3),
      ...{ longest: 3, truncated: 0, unknown: 0 },
    };
    const asRead: Texts = {
      ids: Int32Array.of(7, 11, 10, 4, 6, 0),
      types: new Int32Array(6),
      mask: Int32Array.of(1, 1, 1, 1, 1, 0),
      count: 2,
      length: 3,
    };
    const spec = { ...teacherSpec, logits: { temperature: 1, weight: 1 } };
    const objective = matchingObjective(
      student,
      { network: teacher, texts: read },
      spec,
      matchOf({}),
      0,
    );
    const [mine, its, loss] = tf.tidy(() => {
      const inputs = textInputs(texts);
      const targets = objective.targets(inputs, Int32Array.of(2, 0));
      const { parts } = objective.losses(inputs, Float32Array.of(0, 0), targets);
      const outputs = [
        student.model.apply(inputs),
        teacher.model.apply(textInputs(asRead)),
      ] as tf.Tensor2D[];
      return [...outputs, parts.logits].map((one) => [...one.dataSync()]);
    });
    const expected = ((mine[0] - its[0]) ** 2 + (mine[1] - its[1]) ** 2) / 2;
    expect(loss[0]).toBeCloseTo(expected, 6);
  });
});

/** |x/|x| - y/|y||^2 */
function apart(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [x, y].map((one) => Math.hypot(...one));
  return x.reduce((sum, value, i) => sum + (value / a - y[i] / b) ** 2, 0);
}
