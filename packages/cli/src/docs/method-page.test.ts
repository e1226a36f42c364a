import { readFile, readdir } from 'node:fs/promises';
import { methods } from '@surge-bnn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { methodCurves } from './method-curves.js';
import { methodPages } from './method-page.js';
import type { MethodPages } from './method-page.js';

const root = new URL('../../../../', import.meta.url);
const read = (file: string) => readFile(new URL(file, root), 'utf8');

let made: MethodPages;
beforeAll(async () => {
  made = await methodPages((name) => read(`packages/core/src/binarizers/named/${name}.ts`));
});

describe('docs/methods.md and its plots', () => {
  it('are what the code says (else: npm run build && node scripts/method-pages.mjs)', async () => {
    expect(await read('docs/methods.md')).toBe(made.page);
    for (const [file, svg] of made.plots) expect(await read(`docs/${file}`), file).toBe(svg);
    const files = await readdir(new URL('docs/methods/', root));
    expect(files.map((file) => `methods/${file}`).toSorted()).toEqual(
      [...made.plots.keys()].toSorted(),
    );
  });

  it('have a section for every method, with its source', () => {
    for (const name of Object.keys(methods)) expect(made.page).toContain(`\n## ${name}\n`);
    expect(made.page.match(/arXiv \d{4}\.\d{5}/g)?.length).toBeGreaterThanOrEqual(11);
  });
});

describe('the curves', () => {
  const at = (name: keyof typeof methods, curve: string, x: number) => {
    const found = methodCurves(name).find((one) => one.name === curve);
    const nearest = found?.points.toSorted((a, b) => Math.abs(a.at - x) - Math.abs(b.at - x))[0];
    if (nearest === undefined) throw new Error(`no curve ${curve}`);
    return nearest;
  };

  it('are those of the formulas, over the number that comes in', () => {
    expect(methodCurves('ste').map(({ name }) => name)).toEqual(['both sides']);
    expect(at('ste', 'both sides', 0.5)).toMatchObject({ value: 1, slope: 1 });
    expect(at('ste', 'both sides', -1.5)).toMatchObject({ value: -1, slope: 0 });
    const wave = at('biper', 'weights, p = 0', 0.35);
    expect(wave.value).toBeCloseTo(Math.sin(20 * wave.at), 3);
    expect(wave.slope).toBeCloseTo(20 * Math.cos(20 * wave.at), 2);
    expect(Math.abs(at('biper', 'weights, p = 1', 0.35).value)).toBe(1);
    const window = at('ir-net', 'both sides, p = 1', 0.05);
    expect(window.slope).toBeCloseTo(10 * (1 - Math.tanh(10 * window.at) ** 2), 3);
  });
});
