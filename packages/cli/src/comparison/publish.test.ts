/** Where results may be put, and what of a comparison is kept. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, tinyRecipe } from '../cli.fixture.js';
import { checkResultsPlace } from './publish.js';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'surge-publish-'));
  await mkdir(path.join(base, 'runs/a'), { recursive: true });
  await writeFile(path.join(base, 'runs/a/comparison.json'), '{}');
  await writeFile(path.join(base, 'comparison.json'), '{}');
  await symlink(path.join(base, 'runs'), path.join(base, 'link'));
});
afterAll(() => rm(base, { recursive: true }));

describe('the place of the results', () => {
  const check = (from: string, to: string) =>
    checkResultsPlace(path.join(base, from), path.join(base, to));

  it.each([
    ['runs/a', 'runs/a'],
    ['runs/a', 'runs/../runs/a/'],
    ['runs/a', 'link/a'],
    ['runs/a', 'runs/a/results'],
    ['runs/a', 'link/a/deep/results'],
    ['runs/a', ''],
    ['runs/a/b/c', 'runs/a'],
    // It is made in runs/new.draft.
    ['runs/new.draft', 'runs/new'],
  ])('of the runs in %s is not %s', async (from, to) => {
    await expect(check(from, to)).rejects.toThrow(InputError);
    await expect(check(from, to)).rejects.toThrow("are in one another's way");
  });

  it.each([
    ['runs/a', 'runs/ab'],
    ['runs/new', 'runs/a'],
    ['runs/a', 'runs/..a'],
    ['runs/a', 'results/deep/a'],
  ])('of the runs in %s may be %s', async (from, to) => {
    await expect(check(from, to)).resolves.toBeUndefined();
  });

  it('holds a comparison or nothing', async () => {
    await expect(check('elsewhere', 'runs')).rejects.toThrow('is there and holds no comparison');
  });
});

describe('compare --results', () => {
  it('refuses a wrong place before it trains, and keeps runs that lack a receipt', async () => {
    const file = path.join(base, 'tiny.json');
    await writeFile(file, JSON.stringify({ ...tinyRecipe, epochs: 1 }));
    const [out, results] = [path.join(base, 'out'), path.join(base, 'results')];
    const args = ['compare', file, '--compensators', 'none', '--seeds', '1', '--out', out];
    for (const [place, text] of [
      [out, "are in one another's way"],
      [path.join(base, 'runs'), 'is there and holds no comparison'],
    ]) {
      const refused = await cli(...args, '--results', place);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(/^surge-bnn: [^\n]+\n$/);
      expect(refused.err).toContain(text);
      expect((await readdir(base)).includes('out')).toBe(false);
    }
    expect((await cli(...args)).code).toBe(0);
    await rm(path.join(out, 'ste-none-seed1/confusion.csv'));
    expect(await cli(...args, '--results', results)).toMatchObject({ code: 0 });
    expect((await readdir(path.join(results, 'ste-none-seed1'))).sort()).toEqual([
      'config.json',
      'metrics.jsonl',
      'summary.json',
      'timing.jsonl',
    ]);
  });
});
