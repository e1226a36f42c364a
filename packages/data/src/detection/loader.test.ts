import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { ownCache, randomPixels } from '../pictures/pictures.fixture.js';
import { buildPackage } from '../sets.fixture.js';
import { pickDetection } from './columns.js';
import { vocFolder, vocXml } from './detection.fixture.js';
import { DetectionLoader } from './loader.js';
import type { DetectionLoaderOptions } from './plan.js';
import type { DetectionSet } from './types.js';
import { readVoc } from './voc.js';

beforeAll(buildPackage);
beforeEach(async () => void (await ownCache()));

const normalization = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] };
const options = {
  batchSize: 2,
  seed: 7,
  normalization,
  size: { shortSide: 10, longSide: 40 },
  padMultiple: 8,
  workers: 0,
} as const;

const pictures = Array.from({ length: 7 }, (_, i) => ({
  id: `p${i}`,
  width: 12 + 5 * i,
  height: 30 - 3 * i,
  objects: i === 3 ? [] : [{ name: 'cat', corners: [2, 3, 8 + i, 9], difficult: i % 2 }],
}));

const openSet = async (): Promise<DetectionSet> =>
  readVoc(await vocFolder(pictures), { list: 'train' });

/** Everything of an epoch, copied. */
async function readAll(
  set: DetectionSet,
  changes: Partial<DetectionLoaderOptions> = {},
  epoch = 0,
  first = 0,
) {
  const loader = new DetectionLoader(set, { ...options, ...changes });
  const batches = [];
  for await (const batch of loader.epoch(epoch, first)) {
    batches.push({ ...batch, images: batch.images.slice() });
  }
  await loader.close();
  return batches;
}

const normal = (byte: number, channel: number) =>
  Math.fround((byte / 255 - normalization.mean[channel]) / normalization.std[channel]);

describe('DetectionLoader', () => {
  it('pads to a multiple with zeros; boxes are scaled with their picture', async () => {
    const set = await openSet();
    const [first] = await readAll(set, { shuffle: false });
    // 12 x 30 with short side 10: 10 x 25; 17 x 27: 10 x 15.88, rounded 16.
    expect([first.height, first.width, first.count]).toEqual([32, 16, 2]);
    const [a, b] = first.targets;
    expect([a.index, a.width, a.height, b.width, b.height]).toEqual([0, 10, 25, 10, 16]);
    const scaled = [1, 2, 8, 9].map((value, i) => value * (i % 2 === 0 ? 10 / 12 : 25 / 30));
    [...a.boxes].forEach((value, i) => expect(value).toBeCloseTo(scaled[i], 5));
    expect([...a.classes, ...a.difficult, ...a.crowd]).toEqual([0, 0, 0]);
    expect([...b.difficult]).toEqual([1]);
    for (let y = 0; y < 32; y++) {
      for (let x = 0; x < 16; x++) {
        const pixel = first.images.subarray(3 * (y * 16 + x), 3 * (y * 16 + x) + 3);
        if (y >= 25 || x >= 10) expect([...pixel]).toEqual([0, 0, 0]);
      }
    }
  });

  it('pixels of a picture in its own size are its bytes, normalised; mirrored with its boxes', async () => {
    const root = await vocFolder([
      { id: 'a', width: 12, height: 9, objects: [{ name: 'cat', corners: [2, 3, 5, 9] }] },
    ]);
    const set = await readVoc(root, { list: 'train' });
    const pixels = randomPixels(0, 12, 9);
    const size = { shortSide: 9, longSide: 40 };
    for (const flip of [0, 1]) {
      const [batch] = await readAll(set, { size, augmentation: { flip }, padMultiple: 16 });
      expect([batch.height, batch.width]).toEqual([16, 16]);
      for (let y = 0; y < 9; y++) {
        for (let x = 0; x < 12; x++) {
          for (let c = 0; c < 3; c++) {
            const from = flip === 1 ? 11 - x : x;
            const expected = normal(pixels[3 * (y * 12 + from) + c], c);
            expect(batch.images[3 * (y * 16 + x) + c]).toBe(expected);
          }
        }
      }
      // Columns 1 .. 5 of 12 from the left are 7 .. 11 mirrored.
      expect([...batch.targets[0].boxes]).toEqual(flip === 1 ? [7, 2, 11, 9] : [1, 2, 5, 9]);
      expect(batch.targets[0].flipped).toBe(flip === 1);
    }
  });

  it('a larger canvas: the picture where its box says, zeros about it', async () => {
    const objects = [{ name: 'cat', corners: [1, 1, 20, 20] }];
    const root = await vocFolder([{ id: 'a', width: 20, height: 20, objects }]);
    const set = await readVoc(root, { list: 'train' });
    const size = { width: 40, height: 40 };
    const augmentation = { expand: { probability: 1, most: 3 } };
    const [batch] = await readAll(set, { size, augmentation, padMultiple: 1 });
    const [x1, y1, x2, y2] = batch.targets[0].boxes.map(Math.round);
    expect(x2 - x1).toBeLessThan(40);
    for (let y = 0; y < 40; y++) {
      for (let x = 0; x < 40; x++) {
        const isInside = x >= x1 && x < x2 && y >= y1 && y < y2;
        const isZero = batch.images
          .subarray(3 * (y * 40 + x), 3 * (y * 40 + x) + 3)
          .every((value) => value === 0);
        expect(isZero, `${x}, ${y}`).toBe(!isInside);
      }
    }
  });

  it('every picture once an epoch, also one without objects; another order each epoch', async () => {
    const set = await openSet();
    const orders = [];
    for (const epoch of [0, 1]) {
      const targets = (await readAll(set, {}, epoch)).flatMap((batch) => batch.targets);
      orders.push(targets.map(({ index }) => index));
      expect([...orders[epoch]].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(targets.find(({ index }) => index === 3)?.boxes.length).toBe(0);
    }
    expect(orders[0]).not.toEqual(orders[1]);
  });

  const everything = {
    size: { shortSide: { from: 8, to: 20 }, longSide: 30 },
    augmentation: {
      flip: 0.5,
      crop: true,
      expand: { probability: 0.5 },
      colour: { brightness: 0.2, contrast: 0.5, hue: 0.1, probability: 0.5, exchange: 0.5 },
    },
  };

  it('the bits are the same with any number of workers, from any batch on, and in any batch size', async () => {
    const set = await openSet();
    const alone = await readAll(set, everything, 2);
    for (const workers of [1, 3]) {
      expect(await readAll(set, { ...everything, workers }, 2)).toEqual(alone);
    }
    expect(await readAll(set, { ...everything, workers: 2 }, 2, 2)).toEqual(alone.slice(2));
    const targets = (batches: typeof alone) => batches.flatMap((batch) => batch.targets);
    expect(targets(await readAll(set, { ...everything, batchSize: 3 }, 2))).toEqual(targets(alone));
    expect(targets(await readAll(set, { ...everything, seed: 8 }, 2))).not.toEqual(targets(alone));
  });

  it('an epoch takes two buffers without workers, whatever the sizes of its pictures', async () => {
    const loader = new DetectionLoader(await openSet(), { ...options, ...everything });
    const buffers = new Set<ArrayBufferLike>();
    for (const epoch of [0, 1, 2]) {
      for await (const batch of loader.epoch(epoch)) buffers.add(batch.images.buffer);
    }
    await loader.close();
    expect(buffers.size).toBeLessThanOrEqual(2);
  });

  it('with workers, memory after the third epoch is that after the first', async () => {
    const root = await vocFolder(pictures);
    const dist = new URL('../../dist/index.js', import.meta.url).href;
    const script = `
      import { DetectionLoader, readVoc } from ${JSON.stringify(dist)};
      const set = await readVoc(${JSON.stringify(root)}, { list: 'train' });
      const loader = new DetectionLoader(set, { batchSize: 2, seed: 1, workers: 2,
        normalization: { mean: [0, 0, 0], std: [1, 1, 1] }, size: { shortSide: [200, 320, 480], longSide: 640 } });
      for (let epoch = 0; epoch < 4; epoch++) {
        for await (const batch of loader.epoch(epoch)) batch.images[0];
        await new Promise((resolve) => setTimeout(resolve, 50));
        gc();
        console.log(process.memoryUsage().arrayBuffers);
      }
      await loader.close();
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', '--input-type=module', '-e', script],
      { timeout: 100_000 },
    );
    const [, second, third, fourth] = stdout.trim().split('\n').map(Number);
    // A batch takes 2 * 640 * 640 * 3 * 4 bytes at most; the rest is small change.
    expect(Math.abs(fourth - second)).toBeLessThan(1e6);
    expect(Math.abs(third - second)).toBeLessThan(1e6);
  });

  it('grey and CMYK pictures become RGB', async () => {
    const root = await vocFolder([{ id: 'a', width: 12, height: 9 }], {
      'ImageSets/Main/two.txt': 'grey\ncmyk\n',
      'Annotations/grey.xml': vocXml({ width: 6, height: 5 }, []),
    });
    const grey = Uint8Array.from({ length: 30 }, (_, i) => 8 * i);
    const raw = { raw: { width: 6, height: 5, channels: 1 } } as const;
    await writeFile(
      path.join(root, 'JPEGImages/grey.png'),
      await sharp(grey, raw).png().toBuffer(),
    );
    await writeFile(path.join(root, 'Annotations/cmyk.xml'), vocXml({ width: 6, height: 5 }, []));
    const colour = { create: { width: 6, height: 5, channels: 3, background: '#c02040' } } as const;
    const cmyk = await sharp(colour).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).channels).toBe(4);
    await writeFile(path.join(root, 'JPEGImages/cmyk.jpg'), cmyk);
    const set = await readVoc(root, { list: 'two', classes: ['cat'] });
    const size = { shortSide: 5, longSide: 6 };
    const [batch] = await readAll(set, { size, padMultiple: 1, shuffle: false });
    const [g, c] = [batch.images.subarray(0, 90), batch.images.subarray(90)];
    g.forEach((value, i) => expect(value).toBe(normal(grey[Math.floor(i / 3)], i % 3)));
    // Through CMYK and JPEG a colour comes back roughly.
    const bytes = [0, 1, 2].map((i) => 255 * (c[i] * normalization.std[i] + normalization.mean[i]));
    [0xc0, 0x20, 0x40].forEach((value, i) => expect(Math.abs(bytes[i] - value)).toBeLessThan(30));
  });

  it('a picture of another size than its annotation says is refused, by name and line', async () => {
    const root = await vocFolder(pictures, {
      'Annotations/p1.xml': vocXml({ width: 27, height: 17 }, []),
    });
    const set = await readVoc(root, { list: 'train' });
    for (const workers of [0, 2]) {
      const reading = readAll(set, { workers });
      await expect(reading).rejects.toThrow(InputError);
      await expect(reading).rejects.toThrow(
        /JPEGImages\/p1\.png is 17 x 27, but its annotation says 27 x 17 \(.*Annotations\/p1\.xml, line 3\)/,
      );
    }
  });

  it('a corrupt picture is refused, or left out and told of once', async () => {
    const files = await vocFolder(pictures);
    const set = await readVoc(files, { list: 'train' });
    const whole = await sharp(path.join(files, 'JPEGImages/p2.png')).png().toBuffer();
    await writeFile(path.join(files, 'JPEGImages/p2.png'), whole.subarray(0, whole.length - 300));
    await expect(readAll(set)).rejects.toThrow(/p2\.png is corrupt or cut off/);
    const told: string[] = [];
    const onSkip = (picture: string) => told.push(picture);
    const loader = new DetectionLoader(set, { ...options, skipCorrupt: true, onSkip, workers: 2 });
    for (const epoch of [0, 1]) {
      let count = 0;
      for await (const batch of loader.epoch(epoch)) {
        count += batch.count;
        expect(batch.targets).toHaveLength(batch.count);
        expect(batch.images.length).toBe(batch.count * batch.height * batch.width * 3);
      }
      expect(count).toBe(6);
    }
    await loader.close();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/p2\.png/);
    // A batch that is corrupt as a whole does not come; a set that is, is an error.
    const single = await readAll(set, { batchSize: 1, skipCorrupt: true });
    expect(single.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1]);
    await expect(
      readAll(pickDetection(set, [2]), { batchSize: 1, skipCorrupt: true }),
    ).rejects.toThrow(/all pictures of "voc" are corrupt, the first: .*p2\.png/);
  });

  it('a picture that is gone is an error by name; a closed loader says so', async () => {
    const root = await vocFolder(pictures);
    const set = await readVoc(root, { list: 'train' });
    await rm(path.join(root, 'JPEGImages/p4.png'));
    await expect(readAll(set)).rejects.toThrow(/the picture .*p4\.png is gone/);
    const loader = new DetectionLoader(set, options);
    await loader.close();
    await expect(loader.epoch(0).next()).rejects.toThrow(/was closed/);
  });

  it.each<[Partial<DetectionLoaderOptions>, RegExp]>([
    [{ batchSize: 0 }, /batchSize must be an integer of at least 1, got 0/],
    [{ batchSize: 9, dropLast: true }, /leaves no batch of the 7 pictures/],
    [{ seed: NaN }, /seed must be a finite number/],
    [{ workers: -1 }, /workers must be an integer in 0 to 64, got -1/],
    [{ padMultiple: 0 }, /padMultiple must be an integer of at least 1/],
    [{ normalization: { mean: [0], std: [1] } }, /1 means and 1 deviations/],
    [{ size: { shortSide: 90, longSide: 10 } }, /size\.longSide/],
    [{ augmentation: { flip: 2 } }, /augmentation\.flip must be in 0 to 1, got 2/],
    [
      { augmentation: { expand: { probability: 1, most: 0.5 } } },
      /expand\.most must be in 1 to 16/,
    ],
    [{ augmentation: { colour: { hue: 1 } } }, /hue .* must be 0 to 0\.5/],
  ])('refuses %j', async (changes, message) => {
    const set = await openSet();
    const make = () => new DetectionLoader(set, { ...options, ...changes });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });

  it.each<[changes: object, message: RegExp]>([
    [{ dropLats: true }, /unknown option of DetectionLoader "dropLats" \(did you mean "dropLast"/],
    [{ augmentation: { flips: 1 } }, /unknown option of augmentation "flips"/],
    [{ augmentation: { colour: { hues: 0.1 } } }, /of augmentation\.colour "hues"/],
    [
      { augmentation: { expand: { probability: 1, mots: 2 } } },
      /of augmentation\.expand "mots" \(did you mean "most"/,
    ],
  ])('refuses unknown keys: %j', async (changes, message) => {
    const set = await openSet();
    const make = () => new DetectionLoader(set, { ...options, ...changes });
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });

  it.each([-1, 0.5])('refuses epoch %s', async (epoch) => {
    await expect(readAll(await openSet(), {}, epoch)).rejects.toThrow(/epoch must be an integer/);
  });
});

/** The real files, where a checkout has them beside it. */
const raccoons = fileURLToPath(
  new URL('../../../../../shared/data/detection/raccoon.tar', import.meta.url),
);

it.skipIf(!existsSync(raccoons))(
  'the three grey JPEGs of the raccoons are RGB, of 133 sizes in one epoch (skipped where ../shared/data/detection is not there)',
  async () => {
    const set = await readVoc(raccoons, { list: 'trainval' });
    const size = { shortSide: 60, longSide: 100 };
    const loader = new DetectionLoader(set, { ...options, size, batchSize: 8, workers: 2 });
    const grey: string[] = [];
    let count = 0;
    for await (const { images, height, width, targets } of loader.epoch(0)) {
      expect([height % 8, width % 8]).toEqual([0, 0]);
      targets.forEach((target, k) => {
        count++;
        const isGrey = Array.from({ length: target.height }, (_, y) => y).every((y) => {
          const from = 3 * ((k * height + y) * width);
          const row = images.subarray(from, from + 3 * target.width);
          return row.every((value, i) => {
            const byte = 255 * (value * normalization.std[i % 3] + normalization.mean[i % 3]);
            const first = row[i - (i % 3)] * normalization.std[0] + normalization.mean[0];
            return Math.abs(byte - 255 * first) < 0.01;
          });
        });
        if (isGrey) grey.push(set.pictures[target.index].id);
      });
    }
    await loader.close();
    expect(count).toBe(200);
    expect(grey.sort()).toEqual(['raccoon-150', 'raccoon-152', 'raccoon-161']);
  },
);
