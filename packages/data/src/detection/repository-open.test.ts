import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ownCache } from '../pictures/pictures.fixture.js';
import { archiveServer } from '../server.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import { checkPublishedDetection } from './check.js';
import { describeDetection, detectionNames, fetchDetection, openDetection } from './open.js';
import { readAnnotated } from './read.js';
import { contentOf, filesOfTar, repositoryArchive, smallRepository } from './repository.fixture.js';
import { indoorLayout, raccoonLayout } from './repository-layout.js';
import { openRepositorySet } from './repository-open.js';
import { repositorySets, type RepositorySetName } from './repository-sets.js';
import { readVoc } from './voc.js';

beforeEach(async () => void (await ownCache()));

async function write(root: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), bytes);
  }
}

describe('opening a small set', () => {
  it('as a folder, a folder in it or a tar: one receipt; the directory goes before the variable', async () => {
    const { set, files, tar } = await smallRepository();
    const [plain, packed] = [await temporaryFolder(), await temporaryFolder()];
    await write(path.join(plain, 'detection/bccd'), files);
    await write(packed, { 'detection/bccd.tar': tar });
    const inFolder = await openRepositorySet(set, { list: 'train', directory: plain });
    expect(inFolder.files.root).toBe(path.join(plain, 'detection/bccd'));
    vi.stubEnv('SURGE_BNN_DATA', packed);
    const inTar = await openRepositorySet(set, { list: 'train' });
    expect(inTar.files.root).toBe(path.join(packed, 'detection/bccd.tar'));
    expect(inTar.sha256).toBe(inFolder.sha256);
    const given = await openRepositorySet(set, { list: 'train', directory: plain });
    expect(given.files.root).toBe(inFolder.files.root);
    vi.unstubAllEnvs();
    // Pointing at the folder of the sets, or at the set itself, works too.
    for (const directory of ['detection', 'detection/bccd'].map((part) => path.join(plain, part))) {
      const set2 = await openRepositorySet(set, { list: 'train', directory });
      expect(set2.files.root).toBe(inFolder.files.root);
    }
    // Unpacked by hand into the folder: tar -xf bccd.tar -C detection/bccd.
    await rm(path.join(plain, 'detection/bccd'), { recursive: true });
    await write(path.join(plain, 'detection/bccd/BCCD'), files);
    const nested = await openRepositorySet(set, { list: 'train', directory: plain });
    expect(nested.pictures[0].path).toBe(path.join(plain, 'detection/bccd/BCCD/JPEGImages/a.jpg'));
  });

  it('refuses a tar or a folder of another content', async () => {
    const { set, files, tar } = await smallRepository();
    const directory = await temporaryFolder();
    const open = () => openRepositorySet(set, { list: 'train', directory });
    await write(directory, { 'detection/bccd.tar': tar.subarray(0, tar.length - 512) });
    await expect(open()).rejects.toThrow(
      /bccd\.tar is not the archive of two cats: its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}/,
    );
    const { 'Annotations/b.xml': _, ...part } = files;
    await write(path.join(directory, 'detection/bccd'), part);
    await expect(open()).rejects.toThrow(/bccd is not two cats: it has 4 .*, the set has 5; move/);
  });
});

describe('the three by name', () => {
  const names = ['bccd', 'raccoon', 'indoor'] as const;

  it('are named, described, and not there', async () => {
    const directory = await temporaryFolder();
    const sets = describeDetection({ directory });
    for (const name of names) {
      const set = repositorySets[name];
      expect(detectionNames).toContain(name);
      expect(set.title).not.toMatch(/^(PASCAL )?VOC|COCO/);
      expect(set.lists.train + set.lists.val).toBe(set.lists.trainval);
      expect(set.classes).toEqual([...set.classes].sort());
      expect(set.archive.mirrors[0] + set.archive.address).toMatch(
        /^https:\/\/codeload\.github\.com\/[\w-]+\/\w+\/tar\.gz\/[0-9a-f]{40}$/,
      );
      expect(sets.find((one) => one.name === name)).toMatchObject({
        title: set.title,
        lists: set.lists,
        classes: set.classes.length,
        bytes: 0,
        how: `surge-bnn data fetch ${name}`,
        where: path.join(directory, 'detection', name),
        present: false,
        missing: [set.archive.name],
      });
      const missing = new RegExp(
        `is not there: neither the folder .*${name} nor .*${name}\\.tar; run: surge-bnn data fetch ${name}`,
      );
      await expect(openDetection(name, { list: 'train', directory })).rejects.toThrow(missing);
      await expect(checkPublishedDetection(name, { directory })).rejects.toThrow(missing);
    }
    expect(repositorySets.indoor.title).toMatch(/not PASCAL VOC/);
    const licences = names.map((name) => repositorySets[name].licence.split(';')[0]);
    expect(licences).toEqual(['MIT', 'MIT', 'Apache-2.0']);
  });

  it('refuse lists that they do not have, and classes', async () => {
    const open = (list: string, classes?: string[]) => openDetection('raccoon', { list, classes });
    await expect(open('test')).rejects.toThrow(
      /unknown list of "raccoon" "test".*train, val, trainval/,
    );
    await expect(checkPublishedDetection('voc' as never)).rejects.toThrow(
      /^"voc" is no published set of annotated pictures; allowed: .*raccoon/,
    );
    await expect(open('train', ['raccoon'])).rejects.toThrow(/takes no classes/);
  });
});

describe('repositories that are not in VOC’s layout', () => {
  it('refuse what is missing or is no row', () => {
    const table = (text: string) => new Map([['data/train_labels.csv', Buffer.from(text)]]);
    expect(() => raccoonLayout(new Map())).toThrow(/holds no data\/train_labels\.csv/);
    expect(() => raccoonLayout(table('a,b\n'))).toThrow(/must begin with the column "filename"/);
    expect(() => raccoonLayout(table('filename,width\na.jpg,1\nb.png,1\n'))).toThrow(
      /train_labels\.csv, line 3: a row begins with the name of a JPEG, got "b\.png,1"/,
    );
    const text = ['input/ground-truth/a.txt', Buffer.from('cup 1 2 3 4')] as const;
    expect(() => indoorLayout(new Map([text]))).toThrow(/holds no input\/images-optional\/a\.jpg/);
    const picture = ['input/images-optional/a.jpg', Buffer.from('GIF')] as const;
    expect(() => indoorLayout(new Map([text, picture]))).toThrow(/a\.jpg is no plain JPEG/);
  });
});

const shared = fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const isThere = existsSync(path.join(shared, 'detection/bccd.tar'));

describe.skipIf(!isThere)(
  'the real ones (skipped where ../shared/data/detection is not there)',
  () => {
    const tarOf = (name: RepositorySetName) => path.join(shared, 'detection', `${name}.tar`);
    const isSetFile = (name: string) => /^(Annotations|JPEGImages|ImageSets)\//.test(name);

    /** The repository that a shared archive came from, as far as it matters. */
    async function repositoryOf(name: RepositorySetName) {
      const files = await filesOfTar(tarOf(name));
      const rows = (list: string) => {
        const ids = Buffer.from(files[`ImageSets/Main/${list}.txt`]).toString().trim().split('\n');
        // In another order, and a picture with two boxes has two rows.
        const lines = [...ids.reverse(), ids[0]].map((id) => `${id}.jpg,1,1,raccoon,1,1,2,2\n`);
        return Buffer.from(`filename,width,height,class,xmin,ymin,xmax,ymax\n${lines.join('')}`);
      };
      const renamed = Object.entries(files).flatMap(([file, bytes]): [string, Uint8Array][] => {
        const [, folder, rest] = /^(\w[\w-]*)(\/.*)?$/.exec(file) ?? [];
        if (folder === 'LICENSE') return [[file, bytes]];
        if (name === 'bccd') return [[`BCCD/${file}`, bytes]];
        const folders: Record<string, string | undefined> =
          name === 'raccoon'
            ? { Annotations: 'annotations', JPEGImages: 'images' }
            : { JPEGImages: 'input/images-optional', 'ground-truth': 'input/ground-truth' };
        const to = folders[folder];
        return to === undefined ? [] : [[`${to}${rest}`, bytes]];
      });
      const tables: [string, Uint8Array][] =
        name === 'raccoon'
          ? [
              ['data/train_labels.csv', rows('train')],
              ['data/test_labels.csv', rows('val')],
            ]
          : [];
      return { files, repository: Object.fromEntries([...renamed, ...tables]) };
    }

    it.each(['bccd', 'raccoon', 'indoor'] as const)(
      '%s: fetched from its repository it is the shared archive, file by file',
      async (name) => {
        const { files, repository } = await repositoryOf(name);
        const set = Object.fromEntries(Object.entries(files).filter(([file]) => isSetFile(file)));
        expect(contentOf(set)).toEqual(repositorySets[name].content);
        const archive = repositoryArchive(repository);
        const { url } = await archiveServer((_, response) => response.end(archive));
        const directory = await temporaryFolder();
        const { where } = await fetchDetection(name, { directory, baseUrl: url });
        const fetched = await openDetection(name, { directory, list: 'trainval' });
        const given = await openDetection(name, { directory: shared, list: 'trainval' });
        expect(fetched.files.root).toBe(where);
        expect(given.files.root).toBe(tarOf(name));
        expect(fetched.sha256).toBe(given.sha256);
        expect(existsSync(path.join(where, 'LICENSE'))).toBe(true);
        // The readers' own order of classes is that of the catalogue.
        const asVoc = await readVoc(tarOf(name), { list: 'trainval' });
        expect([asVoc.sha256, asVoc.classes]).toEqual([given.sha256, repositorySets[name].classes]);
      },
    );

    it('the tars have the sums of the catalogue', async () => {
      for (const { name, tarSha256 } of Object.values(repositorySets)) {
        const bytes = await readFile(tarOf(name));
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(tarSha256);
      }
    });

    it('all lists have their counts; flaws are mended and said, grey JPEGs are RGB', async () => {
      const remarks: Record<string, readonly string[]> = {};
      for (const { name, lists } of Object.values(repositorySets)) {
        for (const [list, count] of Object.entries(lists)) {
          const set = await openDetection(name, { directory: shared, list });
          expect([name, list, set.count]).toEqual([name, list, count]);
          remarks[`${name} ${list}`] = set.remarks;
        }
      }
      expect(remarks['bccd trainval'][0]).toMatch(/^2 box\(es\) without area dropped/);
      expect(remarks['bccd test']).toEqual([]);
      expect(remarks['raccoon trainval']).toEqual([]);
      expect(remarks['indoor trainval'][0]).toMatch(
        /^5 box\(es\) that left their pictures clipped/,
      );
      const strict = openDetection('bccd', { directory: shared, list: 'trainval', strict: true });
      await expect(strict).rejects.toThrow(/BloodImage_00338\.xml, line \d+: a box without area/);
      const raccoons = await openDetection('raccoon', { directory: shared, list: 'trainval' });
      for (const id of ['raccoon-150', 'raccoon-152', 'raccoon-161']) {
        const at = raccoons.pictures.findIndex((picture) => picture.id === id);
        const { pixels, width, height } = await readAnnotated(raccoons, at);
        expect(pixels).toHaveLength(3 * width * height);
        const isGrey = pixels.every((value, i) => value === pixels[i - (i % 3)]);
        expect([id, isGrey]).toEqual([id, true]);
      }
    });

    it('a check by name decodes every picture, and says whose they are', async () => {
      const checked = await checkPublishedDetection('indoor', { directory: shared });
      expect(checked).toMatchObject({
        where: tarOf('indoor'),
        title: repositorySets.indoor.title,
        layout: 'voc',
        problems: [],
      });
      const counts = checked.lists.map(({ list, count }) => [list, count]);
      expect(Object.fromEntries(counts)).toEqual(repositorySets.indoor.lists);
    });
  },
);
