import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import type { CatalogueEntry } from './catalogue.js';
import { md5 } from './checked-file.js';
import { loadImages } from './datasets.js';
import { loadPublished, readIdxSet } from './idx-set.js';
import { channelStatistics } from './image-set.js';
import { idxBytes, temporaryFolder } from './sets.fixture.js';

const IMAGES = idxBytes([2, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
const LABELS = idxBytes([2], [1, 0]);

/** A catalogue entry with right checksums for IMAGES and LABELS. */
function entry(): CatalogueEntry {
  const file = (name: string, content: Buffer) => ({
    name,
    bytes: gzipSync(content).length,
    packedMd5: md5(gzipSync(content)),
    md5: md5(content),
  });
  const half = { count: 2, images: file('pictures', IMAGES), labels: file('answers', LABELS) };
  return {
    name: 'tiny',
    title: 'Tiny',
    classes: ['no', 'yes'],
    height: 2,
    width: 3,
    channels: 1,
    licence: 'none',
    origin: 'a test',
    mirrors: [],
    splits: { train: half, test: half },
  };
}

/** A data directory with the files of `tiny`; an undefined content leaves the file out. */
async function directoryWith(files: Record<string, Buffer | undefined>): Promise<string> {
  const directory = await temporaryFolder();
  await mkdir(path.join(directory, 'tiny'));
  for (const [name, content] of Object.entries(files)) {
    if (content !== undefined) await writeFile(path.join(directory, 'tiny', name), content);
  }
  return directory;
}

describe('loadPublished', () => {
  it.each([
    ['packed', { 'pictures.gz': gzipSync(IMAGES), 'answers.gz': gzipSync(LABELS) }],
    ['plain', { pictures: IMAGES, answers: LABELS }],
    ['packed in another way', { 'pictures.gz': gzipSync(IMAGES, { level: 0 }), answers: LABELS }],
    ['unpacked under the packed name', { 'pictures.gz': IMAGES, 'answers.gz': LABELS }],
  ])('reads %s files', async (_, files) => {
    const set = await loadPublished(entry(), 'test', { directory: await directoryWith(files) });
    expect(set).toMatchObject({
      name: 'tiny',
      split: 'test',
      count: 2,
      height: 2,
      width: 3,
      channels: 1,
    });
    expect([...set.images]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
    expect([...set.labels]).toEqual([1, 0]);
    expect(set.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('takes a directory that bears the name of the set as it is', async () => {
    const directory = await directoryWith({ pictures: IMAGES, answers: LABELS });
    const set = await loadPublished(entry(), 'train', { directory: path.join(directory, 'tiny') });
    expect(set.count).toBe(2);
  });

  it.each<[string, Record<string, Buffer | undefined>, RegExp]>([
    ['no files', {}, /^Tiny is not there: no pictures\.gz \(or pictures\) in /],
    ['no labels', { pictures: IMAGES }, /no answers\.gz/],
    ['broken gzip', { 'pictures.gz': gzipSync(IMAGES).subarray(0, 30) }, /truncated gzip/],
    ['a truncated file', { pictures: IMAGES.subarray(0, 20), answers: LABELS }, /is truncated/],
    ['trailing bytes', { pictures: Buffer.concat([IMAGES, LABELS]) }, /10 bytes too many/],
    ['one label too few', { pictures: IMAGES, answers: idxBytes([1], [1]) }, /1 labels for the 2/],
    [
      'a label out of range',
      { pictures: IMAGES, answers: idxBytes([2], [1, 2]) },
      /the label 2 at position 1; allowed: 0 to 1/,
    ],
    ['labels for pictures', { pictures: LABELS, answers: LABELS }, /holds 1 dimension.*have 3/],
    ['pictures for labels', { pictures: IMAGES, answers: IMAGES }, /3 dimensions, but labels/],
    [
      'another picture',
      { pictures: idxBytes([2, 2, 3], new Uint8Array(12)), answers: LABELS },
      /is not the published file of Tiny \(MD5 of its content [0-9a-f]{32}\)/,
    ],
    [
      'another label',
      { pictures: IMAGES, answers: idxBytes([2], [0, 1]) },
      /answers is not the published file/,
    ],
  ])('refuses %s in one sentence with the way out', async (_, files, message) => {
    const directory = await directoryWith(files);
    const loading = loadPublished(entry(), 'train', { directory });
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(/run: surge-bnn data fetch tiny$/);
  });
});

describe('readIdxSet', () => {
  it("reads the user's own files, also with channels", async () => {
    const folder = await temporaryFolder();
    const images = path.join(folder, 'p.idx');
    const labels = path.join(folder, 'l.idx.gz');
    await writeFile(images, idxBytes([1, 2, 1, 3], [1, 2, 3, 4, 5, 6]));
    await writeFile(labels, gzipSync(idxBytes([1], [0])));
    const set = await readIdxSet({ images, labels, classes: ['only'] });
    expect(set).toMatchObject({ name: 'p.idx', split: 'train', height: 2, width: 1, channels: 3 });
  });

  it('names a file that is not there', async () => {
    const missing = readIdxSet({ images: '/nowhere/p', labels: '/nowhere/l', classes: ['only'] });
    await expect(missing).rejects.toThrow(/^\/nowhere\/p is not there; give a file/);
  });
});

/** The real files, where a checkout has them beside it. */
const shared = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const hasMnist = existsSync(path.join(shared, 'mnist', 'train-images-idx3-ubyte.gz'));

describe.skipIf(!hasMnist)('MNIST (skipped where ../shared/data/mnist is not there)', () => {
  it('is the published set', async () => {
    const train = await loadImages('mnist', { split: 'train', directory: shared });
    const perClass = new Array<number>(10).fill(0);
    for (const label of train.labels) perClass[label]++;
    expect(perClass).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    const { mean, std } = channelStatistics(train);
    expect(mean[0]).toBeCloseTo(0.1307, 4);
    expect(std[0]).toBeCloseTo(0.3081, 4);
    const test = await loadImages('mnist', {
      split: 'test',
      directory: path.join(shared, 'mnist'),
    });
    expect(test).toMatchObject({ count: 10_000, height: 28, width: 28, channels: 1 });
  });

  it('begins with the 10,000 pictures of digits, bit for bit', async () => {
    const mnist = await loadImages('mnist', { split: 'train', directory: shared });
    const keys = (images: Uint8Array, labels: ArrayLike<number>, count: number) =>
      Array.from({ length: count }, (_, i) => {
        return `${labels[i]} ${md5(images.subarray(i * 784, (i + 1) * 784))}`;
      });
    const digits = await Promise.all(
      (['train', 'test'] as const).map((split) => loadImages('digits', { split })),
    );
    const ours = digits.flatMap(({ images, labels, count }) => keys(images, labels, count));
    expect(ours.sort()).toEqual(keys(mnist.images, mnist.labels, 10_000).sort());
  });
});
