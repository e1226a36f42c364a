import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareRuns, variant } from './compare.js';
import { confidenceInterval, spreadOf, studentQuantile975 } from './spread.js';
import { tinyParts, tinyRecipe } from './testing/fixture.js';
import type { CompareEvent } from './types.js';

describe('spread', () => {
  it('has the quantiles of the printed t table', () => {
    const table = [
      [1, 12.706],
      [2, 4.303],
      [3, 3.182],
      [4, 2.776],
      [9, 2.262],
      [30, 2.042],
      [1000, 1.962],
    ];
    for (const [degrees, t] of table) expect(studentQuantile975(degrees)).toBeCloseTo(t, 3);
  });

  it('is the sample deviation, and the interval follows from it', () => {
    const spread = spreadOf([1, 2, 3, 4]);
    expect(spread.mean).toBe(2.5);
    expect(spread.deviation).toBeCloseTo(Math.sqrt(5 / 3), 12);
    const [low, high] = confidenceInterval(spread) ?? [];
    expect((low ?? 0) + (high ?? 0)).toBeCloseTo(5, 12);
    expect((high ?? 0) - 2.5).toBeCloseTo((3.182 * Math.sqrt(5 / 3)) / 2, 3);
    expect(confidenceInterval(spreadOf([1]))).toBeUndefined();
    expect(spreadOf([1]).deviation).toBe(0);
  });
});

describe('compareRuns', () => {
  const parts = tinyParts();
  const recipe = tinyRecipe({ epochs: 2 });

  it('pairs the runs, and uses finished ones again', async () => {
    const out = await mkdtemp(join(tmpdir(), 'compare-'));
    const events: CompareEvent[] = [];
    const options = {
      recipe,
      binarizers: ['ste', 'identity'],
      compensators: ['none', 'surge'],
      seeds: [1, 2],
      out,
    };
    const table = await compareRuns(options, (event) => events.push(event), parts);
    expect(table.rows).toHaveLength(4);
    expect(table.rows[0].runs.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(table.gains.map(({ binarizer, measure }) => [binarizer, measure])).toEqual([
      ['ste', 'last'],
      ['ste', 'best'],
      ['identity', 'last'],
      ['identity', 'best'],
    ]);
    const [plain, surge] = table.rows;
    const gain = table.gains[0];
    expect(gain.mean).toBeCloseTo(surge.last.mean - plain.last.mean, 12);
    expect(gain.interval?.[0]).toBeLessThanOrEqual(gain.mean);
    expect(plain.runs[0].summary.hashes.initialWeights).toBe(
      surge.runs[0].summary.hashes.initialWeights,
    );
    expect(events.filter(({ type }) => type === 'run')).toHaveLength(8);

    const again = await compareRuns(options, () => undefined, parts);
    expect(again.rows.every(({ runs }) => runs.every(({ reused }) => reused))).toBe(true);
    expect(again.gains).toEqual(table.gains);

    const other = { ...options, recipe: tinyRecipe({ epochs: 3 }) };
    await expect(compareRuns(other, () => undefined, parts)).rejects.toThrow(
      'epochs is 3, the run has 2',
    );
  });

  it('goes on after an interruption', async () => {
    const out = await mkdtemp(join(tmpdir(), 'compare-'));
    const controller = new AbortController();
    const options = {
      recipe,
      binarizers: ['ste'],
      compensators: ['none', 'surge'],
      seeds: [1],
      out,
    };
    const interrupted = compareRuns(
      { ...options, signal: controller.signal },
      (event) => {
        if (event.type === 'train' && event.event.type === 'step') controller.abort();
      },
      parts,
    );
    await expect(interrupted).rejects.toThrow('interrupted in run 1 of 2');
    const table = await compareRuns(options, () => undefined, parts);
    expect(table.gains[0].interval).toBeUndefined();
  });

  it('refuses unknown names and empty or repeated lists', async () => {
    const options = { recipe, binarizers: ['ste'], compensators: ['none'], seeds: [1], out: 'x' };
    const compare = (change: object) => compareRuns({ ...options, ...change }, undefined, parts);
    await expect(compare({ binarizers: ['stee'] })).rejects.toThrow('did you mean "ste"');
    await expect(compare({ compensators: ['gainonly'] })).rejects.toThrow('"gain-only"');
    await expect(compare({ seeds: [] })).rejects.toThrow('at least one of seeds');
    await expect(compare({ seeds: [1, 1] })).rejects.toThrow('must differ');
  });

  it('varies the recipe, control by control', () => {
    expect(variant(recipe, 'identity', 'none', 9)).toMatchObject({
      binarizer: 'identity',
      compensator: 'none',
      seed: 9,
    });
    const own = { eta: 0.3, lambda: { movingAverage: 0.5 } };
    expect(variant(recipe, 'ste', 'gain-only', 1).compensator).toMatchObject({
      ...own,
      gainOnly: true,
    });
    // Each control is itself on any recipe: on a shared one "copy" would else be "shared" under another name.
    for (const base of [
      { auxiliary: 'shared' },
      { auxiliary: 'frozen', initial: 'copy' },
    ] as const) {
      const given = tinyRecipe({ compensator: base });
      const of = (name: string) => variant(given, 'ste', name, 1).compensator;
      expect(of('copy')).toMatchObject({ auxiliary: 'full', initial: 'copy' });
      expect(of('frozen')).toMatchObject({ auxiliary: 'frozen', initial: 'random' });
      expect(of('shared')).toMatchObject({ auxiliary: 'shared', initial: 'random' });
      expect(of('unscaled')).toMatchObject({ auxiliary: 'full', scaleAuxiliaryGradient: false });
    }
    const plain = tinyRecipe({ compensator: 'none' });
    expect(variant(plain, 'ste', 'surge', 1).compensator).toMatchObject({ eta: 0.1 });
  });
});
