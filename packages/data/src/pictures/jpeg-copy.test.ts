import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { describeDatasets, loadImages } from '../datasets.js';
import { channelStatistics } from '../image-set.js';
import { temporaryFolder } from '../sets.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import { decodePicture } from './decode.js';
import { ownCache } from './pictures.fixture.js';
import { PictureReader } from './read.js';
import { listHalf } from './source.js';

it('refuses another archive of that name, and says what is missing where', async () => {
  await ownCache();
  const directory = await temporaryFolder();
  const load = () => loadImages('cifar10-jpeg', { split: 'test', directory });
  await expect(load()).rejects.toThrow(/CIFAR-10 \(JPEG q75 copy\) is not there: no .*tar; put/);
  await writeFile(path.join(directory, 'cifar10-jpeg.tar'), tarBytes([]));
  await expect(load()).rejects.toThrow(/is not the archive of .*: its SHA-256 is [0-9a-f]{64}/);
});

/** The real files, where a checkout has them beside it. */
const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const isThere = existsSync(path.join(shared, 'cifar10', 'cifar10-jpeg.tar'));

describe.skipIf(!isThere)('the copy (skipped where ../shared/data/cifar10 is not there)', () => {
  it('has a title of its own and the published counts', async () => {
    await ownCache();
    const test = await loadImages('cifar10-jpeg', { split: 'test', directory: shared });
    expect(test).toMatchObject({
      title: 'CIFAR-10 (JPEG q75 copy)',
      count: 10_000,
      height: 32,
      width: 32,
    });
    expect(test.classes.join(' ')).toBe(
      'airplane automobile bird cat deer dog frog horse ship truck',
    );
    const counts = new Array<number>(10).fill(0);
    for (const label of test.labels) counts[label]++;
    expect(counts).toEqual(new Array<number>(10).fill(1000));
    // The published test pictures have 0.4942, 0.4851, 0.4504.
    const { mean } = channelStatistics(test);
    for (const [i, expected] of [0.4942, 0.4851, 0.4504].entries()) {
      expect(Math.abs(mean[i] - expected)).toBeLessThan(5e-4);
    }
    const sets = describeDatasets({ directory: shared });
    expect(sets.find(({ name }) => name === 'cifar10-jpeg')).toMatchObject({ present: true });
  });

  it('is near the 1,000 first published training pictures, in their order within a class', async () => {
    await ownCache();
    const half = await listHalf(path.join(shared, 'cifar10', 'cifar10-jpeg.tar'), 'train');
    expect(half.labels).toHaveLength(50_000);
    const reader = new PictureReader(half.pictures);
    const lossless = path.join(shared, 'cifar10', 'cifar10-lossless-first4000.bin.gz');
    const records = gunzipSync(await readFile(lossless));
    const seen = new Array<number>(10).fill(0);
    let difference = 0;
    for (let i = 0; i < 1000; i++) {
      const label = records[i * 3073];
      const at = label * 5000 + seen[label]++;
      const pixels = await decodePicture(await reader.read(at), reader.where(at), () => ({}));
      for (let p = 0; p < 3072; p++) {
        const published = records[i * 3073 + 1 + (p % 3) * 1024 + Math.floor(p / 3)];
        difference += Math.abs(published - pixels[p]);
      }
    }
    await reader.close();
    // 5.8 of 255 over all 4,000 that are at hand.
    expect(difference / (1000 * 3072)).toBeGreaterThan(5.4);
    expect(difference / (1000 * 3072)).toBeLessThan(6.2);
  });
});
