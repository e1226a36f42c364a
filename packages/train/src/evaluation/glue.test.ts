import type { TextTask } from '@surge-bnn/data';
import { describe, expect, it } from 'vitest';
import { glueAverage, glueColumns, glueScores, type GlueAverage } from './glue.js';

describe('scores by task', () => {
  const predicted = [1, 1, 0, 0];
  const labels = [1, 0, 0, 0];
  it.each<[TextTask, object]>([
    ['sst2', { accuracy: 0.75, main: 0.75 }],
    ['rte', { accuracy: 0.75, main: 0.75 }],
    ['mrpc', { accuracy: 0.75, f1: 2 / 3, main: 0.75 }],
    ['qqp', { accuracy: 0.75, f1: 2 / 3, main: 0.75 }],
    // TP 1, FP 1, FN 0, TN 2: 2 / sqrt(2 * 1 * 3 * 2).
    ['cola', { accuracy: 0.75, matthews: 1 / Math.sqrt(3), main: 1 / Math.sqrt(3) }],
  ])('%s', (task, expected) => {
    const scores = glueScores(task, predicted, labels);
    expect(scores).toMatchObject({ task, count: 4, constant: false });
    const { task: _, count, constant, ...values } = scores;
    expect([count, constant]).toEqual([4, false]);
    expect(Object.keys(values).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected) as [keyof typeof values, number][]) {
      expect(values[name]).toBeCloseTo(value, 14);
    }
  });

  it('MNLI has three classes', () => {
    expect(glueScores('mnli', [0, 1, 2, 2], [0, 1, 1, 2]).main).toBe(0.75);
  });

  it('STS-B has the mean of two correlations', () => {
    const scores = glueScores('stsb', [1, 2, 3, 4], [1, 2, 3, 10]);
    // Deviations -1.5 .. 1.5 and -3, -2, -1, 6: 14 / sqrt(5 * 50).
    expect(scores.pearson).toBeCloseTo(14 / Math.sqrt(250), 14);
    expect(scores.spearman).toBeCloseTo(1, 14);
    expect(scores.main).toBeCloseTo((14 / Math.sqrt(250) + 1) / 2, 14);
    expect(scores).not.toHaveProperty('accuracy');
  });

  it('tells constant predictions', () => {
    expect(glueScores('stsb', [2, 2, 2], [1, 2, 3])).toMatchObject({ main: 0, constant: true });
    expect(glueScores('cola', [1, 1, 1], [1, 0, 1])).toMatchObject({ main: 0, constant: true });
    expect(glueScores('sst2', [1, 1], [1, 0])).toMatchObject({ main: 0.5, constant: true });
  });

  it('refuses unknown tasks and what is not finite', () => {
    expect(() => glueScores('sst' as TextTask, [1], [1])).toThrow(/unknown text task "sst"/);
    expect(() => glueScores('sst2', [Number.NaN], [1])).toThrow('prediction 0 is NaN');
  });
});

describe('the average, of published rows', () => {
  // BiT's README, development sets, no data augmentation.
  const rows: Readonly<Record<string, readonly number[]>> = {
    'full precision': [84.9, 85.5, 91.4, 92.1, 93.2, 59.7, 90.1, 86.3, 72.2],
    BinaryBERT: [35.6, 35.3, 66.2, 51.5, 53.2, 0, 6.1, 68.3, 52.7],
    BiBERT: [66.1, 67.5, 84.8, 72.6, 88.7, 25.4, 33.6, 72.5, 57.4],
    'BiT, single': [77.1, 77.5, 82.9, 85.7, 87.7, 25.1, 71.1, 79.7, 58.8],
    'BiT, multi-step': [79.5, 79.4, 85.4, 86.4, 89.9, 32.9, 72.0, 79.9, 62.1],
  };
  const row = (name: string) =>
    Object.fromEntries(glueColumns.map((column, i) => [column, rows[name][i]]));

  it.each<[string, GlueAverage, number]>([
    ['full precision', 'nine-columns', 83.9],
    ['BinaryBERT', 'nine-columns', 41.0],
    ['BiBERT', 'nine-columns', 63.2],
    ['BiT, single', 'eight-tasks', 71.0],
    ['BiT, multi-step', 'eight-tasks', 73.5],
  ])('%s, %s', (name, way, published) => {
    // Published to one digit.
    expect(Math.abs(glueAverage(row(name), way) - published)).toBeLessThan(0.0500001);
  });

  it('is none when a column is missing', () => {
    const { rte: _, ...rest } = row('BiBERT');
    expect(() => glueAverage(rest, 'nine-columns')).toThrow(/missing: rte/);
    const { 'mnli-mismatched': __, ...eight } = row('BiBERT');
    expect(glueAverage(eight, 'eight-tasks')).toBeCloseTo(62.6375, 10);
    expect(() => glueAverage(eight, 'nine-columns')).toThrow(/missing: mnli-mismatched/);
    expect(() => glueAverage(eight, 'all' as GlueAverage)).toThrow(/unknown GLUE average "all"/);
  });
});
