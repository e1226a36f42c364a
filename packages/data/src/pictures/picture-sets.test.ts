import { createHash } from 'node:crypto';
import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { BatchLoader } from '../batch-loader.js';
import { loadImages, openPictures } from '../datasets.js';
import { channelStatistics } from '../image-set.js';
import { split, subset } from '../make-image-set.js';
import { randomStream } from '../random.js';
import { buildPackage, temporaryFolder } from '../sets.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import type { AugmentationSpec, BatchLoaderOptions, PictureSet } from '../types.js';
import { readPicture } from './file-set.js';
import { encode, folderOfFiles, ownCache, pngs, randomPixels } from './pictures.fixture.js';

beforeAll(buildPackage, 120_000);

const SIZE = 6;
const COUNTS = { 'train/a': 5, 'train/b': 4, 'test/a': 2, 'test/b': 1 };
/** The pixels of the training pictures in the order of the set. */
const TRAIN = Buffer.concat(Array.from({ length: 9 }, (_, i) => randomPixels(i, SIZE, SIZE)));

/** A JPEG of random pixels, cut off in the middle. */
async function cutJpeg(): Promise<Buffer> {
  const whole = await encode(randomPixels(99, 40, 40), 40, 40, 'jpeg');
  return whole.subarray(0, whole.length / 2);
}

/** Names and bytes of the training pictures, in the order of the set. */
async function sizesOf(directory: string): Promise<[name: string, bytes: number][]> {
  const names = [...Array(5).keys()].map((i) => `train/a/${i}.png`);
  names.push(...[...Array(4).keys()].map((i) => `train/b/${i}.png`));
  return Promise.all(
    names.map(async (name): Promise<[string, number]> => [
      name,
      (await readFile(path.join(directory, name))).length,
    ]),
  );
}

async function batches(set: PictureSet, options: Partial<BatchLoaderOptions>, from = 0) {
  const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
  const loader = new BatchLoader(set, { batchSize: 4, seed: 3, normalization, ...options });
  const result: { indices: number[]; labels: number[]; images: Float32Array }[] = [];
  for await (const { indices, labels, images } of loader.epoch(1, from)) {
    result.push({ indices: [...indices], labels: [...labels], images: images.slice() });
  }
  await loader.close();
  return result;
}

describe('decoded once', () => {
  it('has exactly the pixels of the pictures, from a folder and from a tar', async () => {
    await ownCache();
    const files = await pngs(SIZE, COUNTS);
    const directory = await folderOfFiles(files);
    const told: number[][] = [];
    const onDecode = (done: number, of: number) => void told.push([done, of]);
    const options = { split: 'train', directory, size: SIZE, onDecode } as const;
    const train = await loadImages('folder', options);
    expect(told).toEqual(Array.from({ length: 9 }, (_, i) => [i + 1, 9]));
    // From the cache nothing is decoded.
    await loadImages('folder', options);
    expect(told).toHaveLength(9);
    expect(train).toMatchObject({
      count: 9,
      height: SIZE,
      width: SIZE,
      channels: 3,
      classes: ['a', 'b'],
    });
    expect(train.title).toBe(`the pictures of ${path.basename(directory)}`);
    expect(Buffer.from(train.images).equals(TRAIN)).toBe(true);
    expect([...train.labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(train.sha256).toBe(
      createHash('sha256').update(TRAIN).update(train.labels).digest('hex'),
    );
    expect((await loadImages('folder', { split: 'test', directory, size: SIZE })).count).toBe(3);

    const tar = path.join(directory, 'all.tar');
    const entries = Object.entries(files).reverse();
    for (const prefix of ['', 'wrapped/']) {
      const bytes = tarBytes(entries.map(([name, content]) => ({ name: prefix + name, content })));
      await writeFile(tar, bytes);
      const packed = await loadImages('folder', { split: 'train', directory: tar, size: SIZE });
      expect(packed.sha256).toBe(train.sha256);
    }
  });

  it('keeps them in the cache, and makes them again when anything is changed or damaged', async () => {
    const cache = await ownCache();
    const directory = await folderOfFiles(await pngs(SIZE, COUNTS));
    const load = () => loadImages('folder', { split: 'train', directory, size: SIZE });
    const picture = path.join(directory, 'train/a/0.png');
    await utimes(picture, 1000, 1000);
    const { sha256 } = await load();
    const [name] = await readdir(cache);
    const file = path.join(cache, name);
    const good = await readFile(file);
    // From the cache alone: the picture is no picture any more, but its name, size and time are the same.
    const before = await readFile(picture);
    await writeFile(picture, Buffer.alloc(before.length));
    await utimes(picture, 1000, 1000);
    expect((await load()).sha256).toBe(sha256);
    await writeFile(picture, before);
    await utimes(picture, 1000, 1000);
    const flipped = Buffer.from(good);
    flipped[flipped.length - 1] ^= 1;
    const damaged = [
      flipped,
      good.subarray(0, 50),
      good.subarray(0, good.length - 1),
      Buffer.alloc(0),
      Buffer.from('x\n'),
    ];
    for (const bytes of damaged) {
      await writeFile(file, bytes);
      expect((await load()).sha256).toBe(sha256);
      expect(await readFile(file)).toEqual(good);
    }
    const other = await encode(randomPixels(50, SIZE, SIZE), SIZE, SIZE);
    await writeFile(path.join(directory, 'train/a/0.png'), other);
    expect((await load()).sha256).not.toBe(sha256);
    expect(await readdir(cache)).toHaveLength(2);
  });

  it('two at once end with one whole file', async () => {
    const cache = await ownCache();
    const directory = await folderOfFiles(await pngs(SIZE, COUNTS));
    const load = () => loadImages('folder', { split: 'train', directory, size: SIZE });
    const [first, second] = await Promise.all([load(), load()]);
    expect(first.sha256).toBe(second.sha256);
    expect(await readdir(cache)).toHaveLength(1);
    expect((await load()).sha256).toBe(first.sha256);
  });

  it('says when the cache cannot be written', async () => {
    const file = path.join(await temporaryFolder(), 'file');
    await writeFile(file, 'a file, not a folder');
    const directory = await folderOfFiles(await pngs(SIZE, COUNTS));
    vi.stubEnv('SURGE_BNN_CACHE', file);
    const loading = loadImages('folder', { split: 'train', directory, size: SIZE });
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(/cannot be written: .*SURGE_BNN_CACHE/);
    vi.unstubAllEnvs();
  });

  it('names a corrupt picture; with skipCorrupt it is left out and said to be', async () => {
    await ownCache();
    const directory = await folderOfFiles({
      ...(await pngs(SIZE, COUNTS)),
      'train/a/00.jpg': await cutJpeg(),
      'train/b/empty.png': new Uint8Array(0),
    });
    const load = (skipCorrupt: boolean) =>
      loadImages('folder', { split: 'train', directory, size: SIZE, skipCorrupt });
    await expect(load(false)).rejects.toThrow(InputError);
    await expect(load(false)).rejects.toThrow(
      /the picture .*train\/(a\/00\.jpg|b\/empty\.png) is corrupt or cut off \(.*--skip-corrupt/,
    );
    for (let i = 0; i < 2; i++) {
      const set = await load(true); // decoded, then from the cache
      expect(set.count).toBe(9);
      expect(Buffer.from(set.images).equals(TRAIN)).toBe(true);
      expect(set.remarks).toHaveLength(1);
      expect(set.remarks?.[0]).toMatch(
        /^2 corrupt picture\(s\) left out: .*00\.jpg \(.*empty\.png/,
      );
    }
  });

  it('refuses a class of which nothing is left', async () => {
    await ownCache();
    const directory = await folderOfFiles({
      ...(await pngs(SIZE, { 'train/a': 2 })),
      'train/b/1.jpg': await cutJpeg(),
    });
    const loading = loadImages('folder', {
      split: 'train',
      directory,
      size: SIZE,
      skipCorrupt: true,
    });
    await expect(loading).rejects.toThrow(/every picture of b is corrupt/);
  });

  it.each([
    [{}, /needs data\.directory/],
    [{ directory: '/nowhere' }, /needs data\.size/],
    [{ directory: '/nowhere', size: 8 }, /\/nowhere is not there/],
    [{ directory: '/nowhere', size: 0 }, /data\.size .* integer in 1 to 4096/],
    [{ directory: '/nowhere', size: 8, resize: 7 }, /data\.resize .* in 8 \(data\.size\)/],
    [{ directory: '/nowhere', size: 8, decode: 'never' as 'once' }, /unknown data\.decode "never"/],
  ])('refuses %o', async (options, message) => {
    const loading = openPictures('folder', { split: 'train', ...options });
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(message);
  });

  it('a set without files takes no such option', async () => {
    await expect(openPictures('mnist', { split: 'train', size: 28 })).rejects.toThrow(
      /"mnist" takes no size/,
    );
  });

  it('grey, transparent and 16-bit pictures become RGB', async () => {
    await ownCache();
    const { default: sharp } = await import('sharp');
    const grey = Uint8Array.from({ length: 36 }, (_, i) => 7 * i);
    const raw = { width: SIZE, height: SIZE };
    const rgba = Uint8Array.from({ length: 144 }, (_, i) => (i % 4 === 3 ? 10 : i));
    const directory = await folderOfFiles({
      'train/a/grey.png': await sharp(grey, { raw: { ...raw, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      'train/b/alpha.png': await sharp(rgba, { raw: { ...raw, channels: 4 } })
        .png()
        .toBuffer(),
    });
    const set = await loadImages('folder', { split: 'train', directory, size: SIZE });
    expect([...set.images.subarray(0, 108)]).toEqual([...grey].flatMap((v) => [v, v, v]));
    expect([...set.images.subarray(108)]).toEqual([...rgba].filter((_, i) => i % 4 !== 3));
  });
});

describe('decoded batch by batch', () => {
  const open = async (
    files: Record<string, Buffer>,
    more: { size?: number; resize?: number; skipCorrupt?: boolean } = {},
  ) => {
    const directory = await folderOfFiles(files);
    return openPictures('folder', {
      split: 'train',
      directory,
      size: SIZE,
      decode: 'each-batch',
      ...more,
    });
  };

  it('gives the same batches as decoded once, with any number of workers, from any batch on', async () => {
    await ownCache();
    const files = await pngs(SIZE, COUNTS);
    const directory = await folderOfFiles(files);
    const once = await openPictures('folder', { split: 'train', directory, size: SIZE });
    const each = await openPictures('folder', {
      split: 'train',
      directory,
      size: SIZE,
      decode: 'each-batch',
    });
    expect(channelStatistics(each)).toEqual(channelStatistics(once));
    const augmentation: AugmentationSpec = [{ kind: 'flip' }, { kind: 'padCrop', pixels: 2 }];
    for (const options of [{}, { augmentation }]) {
      const expected = await batches(once, { ...options, workers: 0 });
      expect(expected).toHaveLength(3);
      for (const workers of [0, 1, 3]) {
        expect(await batches(each, { ...options, workers })).toEqual(expected);
        expect(await batches(each, { ...options, workers }, 1)).toEqual(expected.slice(1));
      }
    }
  });

  it('cuts a random box from the whole picture: what sharp makes of the box that the stream draws', async () => {
    await ownCache();
    const { default: sharp } = await import('sharp');
    const files: Record<string, Buffer> = {};
    for (let i = 0; i < 4; i++) {
      files[`train/${i % 2 === 0 ? 'a' : 'b'}/${i}.png`] = await encode(
        randomPixels(i, 50, 30),
        50,
        30,
      );
    }
    const set = await open(files);
    const augmentation: AugmentationSpec = [{ kind: 'randomResizedCrop', scale: [0.3, 1] }];
    const [batch] = await batches(set, { augmentation, workers: 2 });
    const names = ['a/0', 'a/2', 'b/1', 'b/3'];
    for (const [i, index] of batch.indices.entries()) {
      const random = randomStream(3, 'augmentation', 1, index);
      let box: { width: number; height: number; left: number; top: number } | undefined;
      while (box === undefined) {
        const area = 1500 * (0.3 + 0.7 * random.uniform());
        const ratio = (3 / 4) * (16 / 9) ** random.uniform();
        const width = Math.round(Math.sqrt(area * ratio));
        const height = Math.round(Math.sqrt(area / ratio));
        if (width > 50 || height > 30) continue;
        const top = random.integer(31 - height);
        box = { top, left: random.integer(51 - width), width, height };
      }
      const pixels = await sharp(files[`train/${names[index]}.png`])
        .extract(box)
        .resize(SIZE, SIZE, { fit: 'fill', kernel: 'linear' })
        .raw()
        .toBuffer();
      const images = batch.images.subarray(i * 108, (i + 1) * 108);
      expect([...images].map((value) => Math.round(value * 255))).toEqual([...pixels]);
    }
  });

  it('a corrupt picture fails its batch by its path, or is left out and told of once', async () => {
    await ownCache();
    const files = {
      ...(await pngs(SIZE, { 'train/a': 5, 'train/b': 4 })),
      'train/a/bad.jpg': await cutJpeg(),
    };
    await expect(open(files)).rejects.toThrow(/train\/a\/bad\.jpg is corrupt/); // while measuring
    const set = await open(files, { skipCorrupt: true });
    expect(set.count).toBe(10);
    const bad = 5; // "bad.jpg" comes after "4.png"
    for (const workers of [0, 2]) {
      const told: string[] = [];
      const got = await batches(set, {
        workers,
        shuffle: false,
        onSkip: (picture) => told.push(picture),
      });
      expect(got.map(({ indices }) => indices)).toEqual([
        [0, 1, 2, 3],
        [4, 6, 7],
        [8, 9],
      ]);
      expect(
        Buffer.from(got.flatMap(({ images }) => [...images].map((v) => Math.round(v * 255)))),
      ).toEqual(TRAIN);
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/train\/a\/bad\.jpg \(/);
      const strict = { ...set, skipCorrupt: false };
      await expect(batches(strict, { workers, shuffle: false })).rejects.toThrow(InputError);
      await expect(batches(strict, { workers, shuffle: false })).rejects.toThrow(
        /bad\.jpg is corrupt/,
      );
      const alone = subset(set, [bad], 'train');
      await expect(batches(alone, { workers })).rejects.toThrow(
        /all 1 pictures of a batch are corrupt/,
      );
    }
  });

  it('one by one, a corrupt picture is left out where the set says so', async () => {
    await ownCache();
    const set = await open(
      { ...(await pngs(SIZE, { 'train/a': 1, 'train/b': 1 })), 'train/a/bad.jpg': await cutJpeg() },
      { skipCorrupt: true },
    );
    const told: string[] = [];
    const read = (i: number) => readPicture(set, i, (picture) => told.push(picture));
    expect(Buffer.from((await read(0)) ?? [])).toEqual(Buffer.from(randomPixels(0, SIZE, SIZE)));
    expect(await read(1)).toBeUndefined();
    expect(told).toEqual([expect.stringMatching(/train\/a\/bad\.jpg \(/)]);
    const strict = readPicture({ ...set, skipCorrupt: false }, 1);
    await expect(strict).rejects.toThrow(/bad\.jpg is corrupt/);
  });

  it('holds out a stratified part, the same for every run', async () => {
    await ownCache();
    const set = await open(await pngs(SIZE, { 'train/a': 10, 'train/b': 20 }));
    const { train, validation } = split(set, 0.2, 0);
    expect([...validation.labels].filter((label) => label === 0)).toHaveLength(2);
    expect([...validation.labels].filter((label) => label === 1)).toHaveLength(4);
    expect(train.count).toBe(24);
    expect(train.sha256).not.toBe(set.sha256);
    expect(split(set, 0.2, 0).validation.sha256).toBe(validation.sha256);
    const whole = await batches(set, { shuffle: false, batchSize: 30, workers: 0 });
    const held = await batches(validation, { shuffle: false, batchSize: 6, workers: 0 });
    const pictures = Array.from({ length: 30 }, (_, i) =>
      String(whole[0].images.subarray(i * 108, (i + 1) * 108)),
    );
    const positions = Array.from({ length: 6 }, (_, i) =>
      pictures.indexOf(String(held[0].images.subarray(i * 108, (i + 1) * 108))),
    );
    expect(positions).toEqual([...positions].sort((x, y) => x - y));
    expect(positions[0]).toBeGreaterThanOrEqual(0);
  });

  it('has a receipt of its own for each way to cut it, and for its parts', async () => {
    await ownCache();
    const directory = await folderOfFiles(await pngs(SIZE, COUNTS));
    const receipt = async (more: { size?: number; resize?: number; skipCorrupt?: boolean }) => {
      const options = { split: 'train', directory, size: SIZE, decode: 'each-batch' } as const;
      const set = await openPictures('folder', { ...options, ...more });
      expect(subset(set, [0, 1, 2, 3, 4, 5, 6, 7, 8], 'train').sha256).toBe(set.sha256);
      return set.sha256;
    };
    const ways = [{}, { size: 5, resize: SIZE }, { resize: 9 }, { skipCorrupt: true }];
    const receipts = await Promise.all(ways.map(receipt));
    expect(new Set(receipts).size).toBe(ways.length);
    expect(await receipt({})).toBe(receipts[0]);
    // The first line says how; then a line for each picture.
    const sizes = await sizesOf(directory);
    const lines = sizes.map(([name, size], i) => `${name}\0${size}\0${i < 5 ? 0 : 1}\n`);
    const hash = createHash('sha256').update(`each-batch ${SIZE} ${SIZE} false\n`);
    expect(hash.update(lines.join('')).digest('hex')).toBe(receipts[0]);
  });

  it('a picture that goes away is named', async () => {
    await ownCache();
    const directory = await folderOfFiles(await pngs(SIZE, COUNTS));
    const set = await openPictures('folder', {
      split: 'train',
      directory,
      size: SIZE,
      decode: 'each-batch',
    });
    await rm(path.join(directory, 'train/b/3.png'));
    await expect(batches(set, { workers: 1 })).rejects.toThrow(/train\/b\/3\.png is gone/);
    const tar = path.join(directory, 'x.tar');
    await writeFile(
      tar,
      tarBytes(
        Object.entries(await pngs(SIZE, COUNTS)).map(([name, content]) => ({ name, content })),
      ),
    );
    const packed = await openPictures('folder', {
      split: 'train',
      directory: tar,
      size: SIZE,
      decode: 'each-batch',
    });
    await truncate(tar, 1024);
    await expect(batches(packed, { workers: 1 })).rejects.toThrow(/x\.tar became shorter/);
  });
});

describe('ImageNet', () => {
  const [first, second] = ['n01440764', 'n01443537'];

  it('reads the tar of tars and the validation folders; a part says that it is one', async () => {
    await ownCache();
    const picture = async (seed: number) => encode(randomPixels(seed, 40, 30), 40, 30, 'jpeg');
    const inner = async (wnid: string, seed: number) =>
      tarBytes([
        { name: `${wnid}_2.JPEG`, content: await picture(seed) },
        { name: `${wnid}_1.JPEG`, content: await picture(seed + 1) },
      ]);
    const directory = await folderOfFiles({
      'ILSVRC2012_img_train.tar': tarBytes([
        { name: `${second}.tar`, content: await inner(second, 1) },
        { name: `${first}.tar`, content: await inner(first, 3) },
      ]),
      [`val/${first}/v1.JPEG`]: await picture(5),
      [`val/${second}/v2.JPEG`]: await picture(6),
    });
    const train = await openPictures('imagenet', {
      split: 'train',
      directory,
      size: 16,
      resize: 20,
    });
    expect(train).toMatchObject({
      title: 'a part of ImageNet (2 classes, 4 training pictures)',
      classes: [first, second],
      count: 4,
    });
    expect(channelStatistics(train)).toEqual({
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    const test = await openPictures('imagenet', { split: 'test', directory, size: 16, resize: 20 });
    expect([...test.labels]).toEqual([0, 1]);

    const folders = await folderOfFiles({
      [`train/${first}/${first}_1.JPEG`]: await picture(4),
      [`train/${first}/${first}_2.JPEG`]: await picture(3),
      [`train/${second}/${second}_1.JPEG`]: await picture(2),
      [`train/${second}/${second}_2.JPEG`]: await picture(1),
    });
    const same = await openPictures('imagenet', {
      split: 'train',
      directory: folders,
      size: 16,
      resize: 20,
    });
    expect(same.sha256).toBe(train.sha256);
    const augmentation: AugmentationSpec = [
      { kind: 'randomResizedCrop' },
      { kind: 'flip' },
      { kind: 'colorJitter', brightness: 0.4, contrast: 0.4, saturation: 0.4 },
      { kind: 'lighting' },
    ];
    const expected = await batches(same, { augmentation, workers: 0 });
    expect(await batches(train, { augmentation, workers: 2 })).toEqual(expected);
  });

  it('says how to get it', async () => {
    const directory = path.join(await temporaryFolder(), 'none');
    await expect(openPictures('imagenet', { split: 'train', directory })).rejects.toThrow(
      /ImageNet is not there: .*image-net\.org/,
    );
  });
});
