/** The example's list of models, and that the files in it are what it says. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { checkModels } from '../../examples/web/src/models.js';
import { root } from '../runtimes/engines.js';

const folder = path.join(root, 'examples/web/public');
const list = checkModels(JSON.parse(await readFile(path.join(folder, 'models.json'), 'utf8')));

describe('the models of the example', () => {
  it.each(list.map((entry) => [entry.file, entry] as const))('%s is one', async (file, entry) => {
    const model = await load(path.join(folder, file));
    expect(model.pixels).toBeDefined();
    for (const sample of entry.samples) {
      expect(model.classes).toContain(sample.label);
      expect((await stat(path.join(folder, sample.file))).size).toBeGreaterThan(0);
    }
  });

  it('reads as many test digits as it says, from less than 20 kB that say where they are from', async () => {
    const [entry] = list;
    const bytes = await readFile(path.join(folder, entry.file));
    expect(bytes.length).toBeLessThan(20_000);
    const model = await load(bytes);
    expect(model.metadata.provenance).toMatchObject({ recipe: 'digits-small', epoch: 20 });
    const { images, labels, count } = await loadImages('digits', { split: 'test' });
    const logits = model.run(images.slice());
    const correct = labels.filter((label, i) => {
      const row = logits.subarray(10 * i, 10 * i + 10);
      return row.indexOf(Math.max(...row)) === label;
    });
    expect(entry.accuracy).toEqual({ correct: correct.length, of: count, what: 'test digits' });
    const readme = await readFile(path.join(root, 'examples/web/README.md'), 'utf8');
    const [, size, percent] = /\(([\d,]+) bytes, [^)]+\) reads ([\d.]+) %/.exec(readme) ?? [];
    expect(size).toBe(bytes.length.toLocaleString('en'));
    expect(percent).toBe(((100 * correct.length) / count).toFixed(2));
  });

  it('has for each digit the first of the test as its sample', async () => {
    const { images, labels } = await loadImages('digits', { split: 'test' });
    for (const { file, label } of list[0].samples) {
      const { data, info } = await sharp(path.join(folder, file))
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([28, 28, 1]);
      const first = 784 * labels.indexOf(Number(label));
      expect(data.equals(images.slice(first, first + 784))).toBe(true);
    }
  });

  it.each([
    [undefined],
    [[]],
    [[{ title: 'a', file: 'a.bnn' }]],
    [[{ title: 'a', file: '', samples: [] }]],
    [[{ title: 'a', file: 'a.bnn', samples: [{ file: 'a.png' }] }]],
    [[{ title: 'a', file: 'a.bnn', samples: [], accuracy: { correct: 1 } }]],
  ])('is refused as %j', (wrong) => {
    expect(() => checkModels(wrong)).toThrow(/^models\.json must be a list of/);
  });
});
