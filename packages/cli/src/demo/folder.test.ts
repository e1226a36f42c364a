import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DemoFolder, reportName } from './folder.js';

let place: string;
beforeEach(async () => {
  place = path.join(await mkdtemp(path.join(tmpdir(), 'surge-demo-')), 'demo');
});
afterEach(() => rm(path.dirname(place), { recursive: true }));

async function fill(folder: DemoFolder, text: string): Promise<void> {
  await mkdir(path.join(folder.draft, 'ste'));
  await writeFile(path.join(folder.draft, 'ste', 'metrics.jsonl'), text);
  await writeFile(path.join(folder.draft, reportName), text);
}

describe('DemoFolder', () => {
  it('keeps the former results until the new ones are complete', async () => {
    const folder = new DemoFolder(place, ['ste']);
    await folder.prepare();
    expect(folder.hasReport).toBe(false);
    await fill(folder, 'first');
    await folder.publish();
    expect((await readdir(place)).sort()).toEqual([reportName, 'ste']);

    await folder.prepare();
    await fill(folder, 'stopped half-way');
    const report = () => readFile(path.join(place, reportName), 'utf8');
    expect([folder.hasReport, await report()]).toEqual([true, 'first']);

    await folder.prepare();
    expect(await readdir(folder.draft)).toEqual([]);
    await fill(folder, 'second');
    await folder.publish();
    expect(await report()).toBe('second');
    expect(await readFile(path.join(place, 'ste/metrics.jsonl'), 'utf8')).toBe('second');
    expect((await readdir(place)).sort()).toEqual([reportName, 'ste']);
  });

  it('touches nothing in a folder with files of others', async () => {
    await mkdir(place);
    await writeFile(path.join(place, 'thesis.tex'), 'x');
    await expect(new DemoFolder(place, ['ste']).prepare()).rejects.toThrow('"thesis.tex"');
    expect(await readdir(place)).toEqual(['thesis.tex']);
  });
});
