/** Comparisons: the controls, pairs, equal seconds, tuning, and a queue that survives whatever stops it. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { describe, expect, it } from 'vitest';
import { defaultParts } from '../parts.js';
import { parseRecipe } from '../recipe/recipe.js';
import { tinyParts, tinyRecipe } from '../testing/fixture.js';
import type { RunSummary } from '../types.js';
import { armRecipe, armsOf, checkCompensator } from './arms.js';
import { checkComparison, compareRuns } from './compare.js';
import type { CompareOptions } from './compare.js';
import { clippingRemarks, gainsOf, pairRemarks, rowOf, within } from './gains.js';
import { optionsOfPlan, parsePlan } from './plan.js';
import { confidenceInterval, spreadOf, studentQuantile975 } from './spread.js';
import type { Arm, CompareEvent, ComparedRun, ComparisonTable } from './types.js';

const parts = tinyParts();
const recipe = tinyRecipe({ epochs: 2 });
const temporary = () => mkdtemp(join(tmpdir(), 'compare-'));
const plain: Arm = { name: 'plain', set: { compensator: 'none' } };
const surge: Arm = { name: 'surge', set: { compensator: 'surge' } };
const two = {
  name: 'two',
  recipe,
  arms: [plain, surge],
  pairs: [['surge', 'plain']],
  seeds: [1, 2],
} as const;

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

describe('arms', () => {
  const of = (compensator: unknown, from = recipe) =>
    armRecipe(from, { name: 'x', set: { compensator } }, 1).compensator;

  it('vary the recipe, control by control', () => {
    const arm = { name: 'x', set: { binarizer: 'identity', compensator: 'none', epochs: 7 } };
    expect(armRecipe(recipe, arm, 9)).toMatchObject({
      binarizer: 'identity',
      compensator: 'none',
      seed: 9,
      epochs: 7,
    });
    const own = { eta: 0.3, lambda: { movingAverage: 0.5 } };
    expect(of('gain-only')).toMatchObject({ ...own, gainOnly: true });
    // Each control is itself on any recipe: on a shared one "copy" would else be "shared" under another name.
    for (const base of [
      { auxiliary: 'shared' },
      { auxiliary: 'frozen', initial: 'copy' },
    ] as const) {
      const given = tinyRecipe({ compensator: base });
      expect(of('copy', given)).toMatchObject({ auxiliary: 'full', initial: 'copy' });
      expect(of('frozen', given)).toMatchObject({ auxiliary: 'frozen', initial: 'random' });
      expect(of('shared', given)).toMatchObject({ auxiliary: 'shared', initial: 'random' });
      expect(of('unscaled', given)).toMatchObject({
        auxiliary: 'full',
        scaleAuxiliaryGradient: false,
      });
    }
    expect(of('surge', tinyRecipe({ compensator: 'none' }))).toMatchObject({ eta: 0.1 });
    expect(of('fixed=0.25')).toMatchObject({ lambda: { fixed: 0.25 } });
    expect(of('fixed=0.25')).not.toHaveProperty('eta');
    const narrow = { name: 'x', set: { compensator: 'surge', 'compensator.scope': { first: 1 } } };
    expect(armRecipe(recipe, narrow, 1).compensator).toMatchObject({ scope: { first: 1 } });
  });

  it('of every method and compensator are compared with the method alone', () => {
    const { arms, pairs } = armsOf(['ste', 'identity'], ['none', 'surge', 'frozen']);
    expect(arms).toHaveLength(6);
    expect(pairs).toEqual([
      ['ste-surge', 'ste-none'],
      ['ste-frozen', 'ste-none'],
      ['identity-surge', 'identity-none'],
      ['identity-frozen', 'identity-none'],
    ]);
    expect(armsOf(['ste'], ['surge']).pairs).toEqual([]);
  });
});

/** A run that nobody trained: accuracy by training seconds. */
function madeUp(seed: number, points: [number, number][], more: Partial<RunSummary> = {}) {
  const hashes = { weights: '', initialWeights: 'w', config: '', data: 'd' };
  const summary = { seed, epochs: points.length, hashes, ...more } as RunSummary;
  const curve = points.map(([seconds, accuracy], i) => ({ epoch: i + 1, seconds, accuracy }));
  return { seed, folder: '', summary, curve, clipped: 0.25 } satisfies ComparedRun;
}

describe('gains', () => {
  const fast = [
    madeUp(1, [
      [1, 0.5],
      [2, 0.75],
      [3, 0.625],
    ]),
    madeUp(2, [
      [1, 0.5],
      [2, 0.5],
      [3, 0.5],
    ]),
  ];
  const slow = [
    madeUp(1, [
      [1.5, 0.625],
      [3, 0.875],
      [4.5, 1],
    ]),
    madeUp(2, [
      [1.4, 0.75],
      [2.9, 0.5],
      [4, 0.875],
    ]),
  ];
  const [baseline, row] = [rowOf(plain, fast), rowOf(surge, slow)];

  it('are taken pair by pair, at equal epochs and at equal seconds', () => {
    const gains = gainsOf(row, baseline);
    const by = Object.fromEntries(
      gains.map(({ measure, gains: all }) => [measure, all.map(({ gain }) => gain)]),
    );
    expect(by).toEqual({
      last: [0.375, 0.375],
      best: [0.25, 0.375],
      // The fast one has finished after 3 seconds; the slow one has done two of its epochs.
      'last, equal seconds': [0.25, 0],
      'best, equal seconds': [0.125, 0.25],
    });
    const [last, best] = gains;
    expect(last.interval).toEqual([0.375, 0.375]);
    // Two values 0.25 and 0.375: mean 0.3125, deviation 0.125 / sqrt 2, half width 12.706 / sqrt 2 of that.
    expect(best.interval?.[0]).toBeCloseTo(0.3125 - (12.706 * 0.125) / 2, 3);
    // The other way round: the same pairs, the same budget.
    expect(gainsOf(baseline, row)[2].gains.map(({ gain }) => gain)).toEqual([-0.25, 0]);
  });

  it('say where there is none, and what a pair does not share', () => {
    expect(within(slow[0].curve, 1)).toBeUndefined();
    const late = rowOf(surge, [madeUp(1, [[9, 1]], { epochs: 1 })]);
    expect(gainsOf(late, baseline).map(({ measure }) => measure)).toEqual(['last', 'best']);
    const other = { weights: '', initialWeights: 'v', config: '', data: 'e' };
    const strange = rowOf(surge, [madeUp(1, [[9, 1]], { epochs: 1, hashes: other })]);
    expect(pairRemarks(row, baseline)).toEqual([]);
    expect(pairRemarks(strange, baseline).join()).toMatch(
      /different images.*same weights.*no gain at equal seconds.*1 and 3 epochs/,
    );
    expect(clippingRemarks([row])).toEqual([]);
    const open = rowOf(plain, [{ ...fast[0], clipped: 0 }]);
    expect(clippingRemarks([open])[0]).toContain('plain: no input was clipped');
  });
});

describe('compareRuns', () => {
  it('pairs the runs, uses finished ones again, and writes its table', async () => {
    const out = await temporary();
    const events: CompareEvent[] = [];
    const { arms, pairs } = armsOf(['ste', 'identity'], ['none', 'surge']);
    const options = { ...two, arms, pairs, out };
    const table = await compareRuns(options, (event) => events.push(event), parts);
    expect(table.rows).toHaveLength(4);
    expect(table.rows[0].runs.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(
      table.gains.slice(0, 2).map(({ arm, baseline, measure }) => [arm, baseline, measure]),
    ).toEqual([
      ['ste-surge', 'ste-none', 'last'],
      ['ste-surge', 'ste-none', 'best'],
    ]);
    const [none, other] = table.rows;
    const [gain] = table.gains;
    expect(gain.mean).toBeCloseTo(other.last.mean - none.last.mean, 12);
    expect(gain.interval?.[0]).toBeLessThanOrEqual(gain.mean);
    expect(none.runs[0].summary.hashes.initialWeights).toBe(
      other.runs[0].summary.hashes.initialWeights,
    );
    expect(other.clipped.mean).toBeGreaterThan(0);
    const starts = (all: CompareEvent[]) =>
      all.flatMap((event) => (event.type === 'run' ? [event.reused] : []));
    expect(starts(events)).toEqual(new Array(8).fill(false));
    const written = await readFile(join(out, 'comparison.json'), 'utf8');
    expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(table)));

    events.length = 0;
    expect(await compareRuns(options, (event) => events.push(event), parts)).toEqual(table);
    expect(starts(events)).toEqual(new Array(8).fill(true));

    const longer = { ...options, recipe: tinyRecipe({ epochs: 3 }) };
    await expect(compareRuns(longer, undefined, parts)).rejects.toThrow(
      'epochs is 3, the run has 2',
    );
  });

  it('interrupted at every run, and with half a run on the disk, comes to the same numbers', async () => {
    const straight = await compareRuns({ ...two, out: await temporary() }, undefined, parts);
    const out = await temporary();
    for (let i = 0; i < 4; i++) {
      const controller = new AbortController();
      const interrupted = compareRuns(
        { ...two, out, signal: controller.signal },
        (event) => {
          const done = event.type === 'train' && event.event.type === 'step' && event.event.step;
          if (done === 5) controller.abort();
        },
        parts,
      );
      await expect(interrupted).rejects.toThrow(`interrupted in run ${i + 1} of 4`);
    }
    // Killed before its first checkpoint: a config and nothing else. Killed while it held the folder: a stale lock.
    const last = join(out, 'surge-seed2');
    await rm(last, { recursive: true });
    await mkdir(last);
    await writeFile(join(last, 'config.json'), JSON.stringify(recipe));
    await writeFile(join(out, 'run.lock'), '{"pid":0');
    await expect(compareRuns({ ...two, out }, undefined, parts)).rejects.toThrow('is in use by');
    await rm(join(out, 'run.lock'));
    const table = await compareRuns({ ...two, out }, undefined, parts);
    expect(numbers(table)).toEqual(numbers(straight));
  });

  it('replaces no run of another recipe, also one that was kept without its checkpoint', async () => {
    const out = await temporary();
    await compareRuns({ ...two, out }, undefined, parts);
    const kept = join(out, 'plain-seed1');
    await rm(join(kept, 'checkpoint'), { recursive: true });
    const metrics = await readFile(join(kept, 'metrics.jsonl'), 'utf8');
    const longer = { ...two, out, recipe: tinyRecipe({ epochs: 3 }) };
    await expect(compareRuns(longer, undefined, parts)).rejects.toThrow(
      `${kept} already holds a run`,
    );
    expect(await readFile(join(kept, 'metrics.jsonl'), 'utf8')).toBe(metrics);
  });

  it('started twice at once: the second says so', async () => {
    const out = await temporary();
    const once = () => compareRuns({ ...two, out }, undefined, parts);
    // Whichever is faster has it.
    const both = await Promise.allSettled([once(), once()]);
    const refused = both.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    );
    expect(refused).toHaveLength(1);
    expect(refused[0]).toBeInstanceOf(InputError);
    expect(String(refused[0])).toMatch(/is in use by (process|another process)/);
    const done = both.find((one) => one.status === 'fulfilled');
    expect(done?.value.rows).toHaveLength(2);
    expect(await readdir(out)).not.toContain('run.lock');
  });

  it('twice on the digits gives the same numbers', async () => {
    const digits = parseRecipe({
      name: 'digits',
      data: { name: 'digits', trainLimit: 320, holdOut: 0.1 },
      network: { name: 'digits-cnn', options: { width: 4 } },
      optimizer: { name: 'adam', learningRate: 0.01 },
      epochs: 2,
      batchSize: 32,
      engine: { backend: 'wasm' },
    });
    const once = async () =>
      compareRuns({ ...two, recipe: digits, out: await temporary() }, undefined, {
        ...defaultParts,
        workers: 0,
      });
    const [a, b] = [await once(), await once()];
    expect(numbers(b)).toEqual(numbers(a));
    expect(a.rows[0].last.mean).toBeGreaterThan(0.1);
  });

  it('tunes every arm on held-out images with the same budget, and trains on all with what it chose', async () => {
    const out = await temporary();
    const rates = (compensated: boolean) =>
      [1e-6, 0.02].map((rate) => ({
        'optimizer.learningRate': rate,
        ...(compensated ? { 'compensator.eta': 0.2 } : {}),
      }));
    const asked: (number | undefined)[] = [];
    const watched = {
      ...parts,
      data: (which: typeof recipe) => {
        asked.push(which.data.holdOut);
        return parts.data(which);
      },
    };
    const tuning = {
      holdOut: 0.25,
      seeds: [5, 6],
      set: { epochs: 1 },
      candidates: { plain: rates(false), surge: rates(true) },
    };
    const table = await compareRuns({ ...two, out, tuning }, undefined, watched);
    expect(asked).toEqual([
      // Whether the engine can hold them is asked once for each arm: learning rates take no memory.
      ...[0.25, 0.25, undefined, undefined],
      ...Array.from({ length: 8 }, () => 0.25),
      ...Array.from({ length: 4 }, () => undefined),
    ]);
    const [first, second] = table.tuning?.arms ?? [];
    for (const arm of [first, second]) {
      expect(arm.tried).toHaveLength(2);
      for (const { accuracies, mean } of arm.tried) {
        expect(mean).toBeCloseTo((accuracies[0] + accuracies[1]) / 2, 12);
      }
      const means = arm.tried.map(({ mean }) => mean);
      expect(arm.chosen).toBe(means.indexOf(Math.max(...means)));
    }
    expect(table.rows[1].set).toEqual({ ...surge.set, ...second.tried[second.chosen].set });
    expect(table.rows[1].runs[0].summary.epochs).toBe(2);
    expect((await readdir(join(out, 'tuning'))).sort()).toHaveLength(8);
  });

  it('refuses what cannot be compared', () => {
    const check = (change: Partial<CompareOptions>) => () => {
      checkComparison({ ...two, out: 'x', ...change });
    };
    const arm = (set: Arm['set']) => ({ arms: [{ name: 'a', set }], pairs: [] });
    expect(check(arm({ binarizer: 'stee' }))).toThrow('arm "a": unknown binarizer "stee"');
    expect(check(arm({ epochz: 1 }))).toThrow('unknown key "epochz"');
    expect(check(arm({ compensator: 'gainonly' }))).toThrow('"gain-only"');
    expect(check({ seeds: [] })).toThrow('at least one of seeds');
    expect(check({ seeds: [1, 1] })).toThrow('must differ');
    expect(check({ arms: [plain, plain] })).toThrow('arms of a comparison must differ');
    expect(check({ pairs: [['surge', 'plan']] })).toThrow('did you mean "plain"');
    expect(check({ ...arm({}), arms: [{ name: '../a', set: {} }] })).toThrow("becomes a folder's");
    expect(() => {
      checkCompensator('fixed=x');
    }).toThrow('lam must be a number');
    const tuning = (candidates: Record<string, Arm['set'][]>) =>
      check({ tuning: { holdOut: 0.1, seeds: [1], candidates } });
    const rate = { 'optimizer.learningRate': 0.1 };
    expect(tuning({ plain: [rate], surge: [rate, rate] })).toThrow(
      'equally many candidates, at least one; tuning.candidates has: plain 1, surge 2',
    );
    expect(tuning({ plain: [rate] })).toThrow('plain 1, surge 0');
    expect(tuning({ plain: [rate], surge: [rate], sugre: [] })).toThrow('did you mean "surge"');
    expect(tuning({ plain: [{ rate: 1 }], surge: [rate] })).toThrow('arm "plain, candidate 1"');
    const seeded = { ...rate, seed: 7 };
    expect(check(arm({ seed: 7 }))).toThrow('arm "a": seed has no place');
    expect(tuning({ plain: [rate], surge: [seeded] })).toThrow('use "seeds"');
    expect(
      check({
        tuning: {
          holdOut: 0.1,
          seeds: [1],
          set: { seed: 7 },
          candidates: { plain: [rate], surge: [rate] },
        },
      }),
    ).toThrow('use "seeds"');
    const held = tinyRecipe({ 'data.holdOut': 0.1 });
    expect(
      check({
        recipe: held,
        tuning: { holdOut: 0.1, seeds: [1], candidates: { plain: [rate], surge: [rate] } },
      }),
    ).toThrow('leave data.holdOut out');
  });
});

describe('plans', () => {
  const written = {
    name: 'p',
    recipe: 'tiny',
    set: { epochs: 3 },
    seeds: [1, 2],
    arms: { ste: 'none', surge: 'surge', short: { compensator: 'surge', epochs: 1 } },
  };

  it('become options, every arm against the first', async () => {
    const find = (name: string) => Promise.resolve(tinyRecipe({ name }));
    const options = await optionsOfPlan(parsePlan(written, 'p.json'), find, 'p.json');
    expect(options.recipe).toMatchObject({ name: 'tiny', epochs: 3 });
    expect(options.arms[2]).toEqual({ name: 'short', set: { compensator: 'surge', epochs: 1 } });
    expect(options.pairs).toEqual([
      ['surge', 'ste'],
      ['short', 'ste'],
    ]);
    const own = parsePlan({ ...written, pairs: [['short', 'surge']] }, 'p.json');
    expect((await optionsOfPlan(own, find, 'p.json')).pairs).toEqual([['short', 'surge']]);
    const seeded = parsePlan({ ...written, set: { seed: 7 } }, 'p.json');
    await expect(optionsOfPlan(seeded, find, 'p.json')).rejects.toThrow(
      'p.json: set: seed has no place',
    );
  });

  it.each([
    [{ sedes: [1] }, 'unknown key "sedes" (did you mean "seeds"?)'],
    [{ seeds: [] }, 'seeds must not be empty'],
    [{ arms: { a: 3 } }, 'arms.a must be'],
    [{ tuning: {} }, 'tuning.candidates is missing'],
  ])('refuse %j', (change, text) => {
    expect(() => parsePlan({ ...written, ...change }, 'p.json')).toThrow(`p.json: `);
    expect(() => parsePlan({ ...written, ...change }, 'p.json')).toThrow(text);
  });
});

/** What must not depend on the day: everything but seconds. */
function numbers({ rows, gains }: ComparisonTable) {
  return {
    rows: rows.map(({ arm, last, best, clipped, runs }) => ({
      arm,
      last,
      best,
      clipped,
      hashes: runs.map(({ summary }) => summary.hashes),
    })),
    gains: gains.filter(({ measure }) => !measure.includes('seconds')),
  };
}
