import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { md5 } from '../checked-file.js';
import { ownCache } from '../pictures/pictures.fixture.js';
import { archiveServer, type Answer } from '../server.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import { zipBytes } from '../zip.fixture.js';
import { detectionCatalogue, type DetectionArchive } from './catalogue.js';
import { vocFiles } from './detection.fixture.js';
import { fetchDetectionEntry } from './fetch.js';
import { describeDetection, fetchDetection, openDetection } from './open.js';
import { encode, randomPixels } from '../pictures/pictures.fixture.js';

beforeEach(async () => void (await ownCache()));

const patience = { attempts: 2, pause: 5, stallAfter: 5000 };
const objects = [{ name: 'cat', corners: [1, 1, 5, 5] }];

/** Archives as VOC and COCO publish them, a few pictures each, and a server that has them. */
async function published() {
  const voc = async (year: string, id: string, list: string) => {
    const files = await vocFiles([{ id, width: 20, height: 10, objects }]);
    files[`ImageSets/Main/${list}.txt`] = files['ImageSets/Main/train.txt'];
    files['SegmentationClass/x.png'] = Buffer.from('not for boxes');
    return tarBytes(
      Object.entries(files).map(([name, content]) => ({
        name: `VOCdevkit/VOC${year}/${name}`,
        content,
      })),
    );
  };
  const json = {
    images: [{ id: 3, file_name: 'a.png', width: 8, height: 6 }],
    categories: [{ id: 5, name: 'cat' }],
    annotations: [{ image_id: 3, category_id: 5, bbox: [1, 1, 2, 2], area: 3, iscrowd: 0 }],
  };
  const content: Readonly<Record<string, Buffer>> = {
    'train07.tar': await voc('2007', '000005', 'trainval'),
    'test07.tar': await voc('2007', '000001', 'test'),
    'train12.tar': await voc('2012', '2008_000002', 'trainval'),
    'annotations.zip': zipBytes([
      {
        name: 'annotations/instances_val2017.json',
        content: Buffer.from(JSON.stringify(json)),
        method: 8,
      },
      { name: 'annotations/captions_val2017.json', content: Buffer.from('{}') },
    ]),
    'val.zip': zipBytes([
      { name: 'val2017/' },
      { name: 'val2017/a.png', content: await encode(randomPixels(1, 8, 6), 8, 6) },
    ]),
  };
  const archive = (name: string, wanted: RegExp, mirrors: string[]): DetectionArchive => ({
    name,
    bytes: content[name].length,
    md5: md5(content[name]),
    mirrors,
    wanted,
  });
  const serve: Answer = (request, response) =>
    response.end(content[(request.url ?? '').slice(1)] ?? '');
  const { url, asked } = await archiveServer(serve);
  const [voc07] = detectionCatalogue.voc2007.archives;
  const [jsons, val] = detectionCatalogue['coco2017-val'].archives;
  const tars = ['train07.tar', 'test07.tar', 'train12.tar'];
  return {
    asked,
    content,
    voc: { folder: 'voc', archives: tars.map((name) => archive(name, voc07.wanted, [url])) },
    coco: {
      folder: 'coco',
      archives: [
        archive('annotations.zip', jsons.wanted, [url]),
        archive('val.zip', val.wanted, [url]),
      ],
    },
  };
}

describe('fetching published sets', () => {
  it('VOC: downloads, verifies and unpacks what detection needs; the sets open, also both years as one', async () => {
    const { voc, asked } = await published();
    const directory = await temporaryFolder();
    const where = path.join(directory, 'voc');
    const names = voc.archives.map(({ name }) => name);
    expect(await fetchDetectionEntry(voc, { directory }, patience)).toEqual({
      where,
      downloaded: names,
      kept: [],
    });
    expect(existsSync(path.join(where, 'VOCdevkit/VOC2007/SegmentationClass'))).toBe(false);
    const again = await fetchDetectionEntry(voc, { directory }, patience);
    expect(again).toMatchObject({ downloaded: [], kept: names });
    expect(asked).toHaveLength(3);

    const open = (name: 'voc2007' | 'voc2012' | 'voc0712', list: string) =>
      openDetection(name, { directory, list });
    const ids = async (set: ReturnType<typeof open>) => (await set).pictures.map(({ id }) => id);
    expect(await ids(open('voc2007', 'trainval'))).toEqual(['000005']);
    expect(await ids(open('voc2007', 'test'))).toEqual(['000001']);
    const both = await open('voc0712', 'trainval');
    expect(both.pictures.map(({ id }) => id)).toEqual(['000005', '2008_000002']);
    expect(both.pictures[1].path).toMatch(/VOC2012\/JPEGImages\/2008_000002\.png$/);
    expect(both).toMatchObject({ name: 'voc0712', title: 'PASCAL VOC 2007 and 2012', count: 2 });
    expect(both.classes).toHaveLength(20);
    expect([...both.columns.classes]).toEqual([7, 7]); // cat
    await expect(open('voc2012', 'test')).rejects.toThrow(/unknown list of "voc2012" "test"/);
  });

  it('COCO: from zips; the marks are enough, archives may go', async () => {
    const { coco, asked } = await published();
    const directory = await temporaryFolder();
    await fetchDetectionEntry(coco, { directory }, patience);
    const where = path.join(directory, 'coco');
    expect(existsSync(path.join(where, 'annotations/captions_val2017.json'))).toBe(false);
    for (const { name } of coco.archives) await rm(path.join(where, name));
    await fetchDetectionEntry(coco, { directory }, patience);
    expect(asked).toHaveLength(2);
    const set = await openDetection('coco2017', { directory, list: 'val2017' });
    expect(set).toMatchObject({ name: 'coco2017', list: 'val2017', classes: ['cat'], count: 1 });
    await expect(openDetection('coco2017', { directory, list: 'train2017' })).rejects.toThrow(
      /COCO 2017 is not there: no .*train2017; run: surge-bnn data fetch coco2017/,
    );
    const own = await openDetection('coco', { directory: where, list: 'val2017' });
    expect(own.sha256).toBe(set.sha256);
  });

  it('an archive that lies there is unpacked, not fetched; one of another content is fetched anew', async () => {
    const { voc, asked, content } = await published();
    const directory = await temporaryFolder();
    const [first] = voc.archives;
    const entry = { folder: 'voc', archives: [first] };
    const where = path.join(directory, 'voc');
    await fetchDetectionEntry(entry, { directory }, patience);
    await rm(path.join(where, `${first.name}.unpacked`));
    expect(await fetchDetectionEntry(entry, { directory }, patience)).toMatchObject({
      downloaded: [],
    });
    expect(asked).toHaveLength(1);
    await rm(path.join(where, `${first.name}.unpacked`));
    await writeFile(path.join(where, first.name), 'other');
    expect(await fetchDetectionEntry(entry, { directory }, patience)).toMatchObject({
      downloaded: [first.name],
    });
    expect(await readFile(path.join(where, first.name))).toEqual(content[first.name]);
  });

  it('refuses a wrong checksum, an archive without the set, and a stop', async () => {
    const { voc } = await published();
    const [first] = voc.archives;
    const fetchOne = async (change: Partial<DetectionArchive>, signal?: AbortSignal) => {
      const directory = await temporaryFolder();
      const entry = { folder: 'voc', archives: [{ ...first, ...change }] };
      const fetching = fetchDetectionEntry(entry, { directory, signal }, patience);
      return { fetching, directory };
    };
    const wrong = await fetchOne({ md5: '0'.repeat(32) });
    await expect(wrong.fetching).rejects.toThrow(
      /wrong checksum: MD5 [0-9a-f]{32}, published 0{32}/,
    );
    expect(existsSync(path.join(wrong.directory, 'voc', `${first.name}.unpacked`))).toBe(false);
    const nothing = await fetchOne({ wanted: /never/ });
    await expect(nothing.fetching).rejects.toThrow(/holds nothing that belongs to the set/);
    const stopped = await fetchOne({}, AbortSignal.abort());
    await expect(stopped.fetching).rejects.toThrow(/was stopped before its end/);
  });
});

describe('the sets by name', () => {
  it('are described with counts, sizes, places, and what is missing', async () => {
    const directory = await temporaryFolder();
    const sets = describeDetection({ directory });
    expect(sets.map(({ name }) => name)).toEqual([
      'voc2007',
      'voc2012',
      'voc0712',
      'coco2017',
      'coco2017-val',
      'bccd',
      'raccoon',
      'indoor',
    ]);
    expect(sets[0]).toMatchObject({
      title: 'PASCAL VOC 2007',
      lists: { trainval: 5011, test: 4952 },
      bytes: 460_032_000 + 451_020_800,
      where: path.join(directory, 'voc'),
      present: false,
      missing: ['VOCtrainval_06-Nov-2007.tar', 'VOCtest_06-Nov-2007.tar'],
      how: 'surge-bnn data fetch voc2007',
    });
    for (const { lists } of sets.slice(0, 2)) expect(lists.train + lists.val).toBe(lists.trainval);
    for (const { archives } of Object.values(detectionCatalogue)) {
      for (const { md5: sum } of archives) expect(sum).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it('refuse unknown names, what is not there, and options that they do not take', async () => {
    const directory = await temporaryFolder();
    const open = (name: string, options: object) =>
      openDetection(name, { list: 'train', directory, ...options });
    await expect(open('voc2009', {})).rejects.toThrow(
      /unknown set of annotated pictures "voc2009"/,
    );
    await expect(open('voc2007', {})).rejects.toThrow(/PASCAL VOC 2007 is not there: no .*VOC2007/);
    await expect(open('voc2007', { classes: ['a'] })).rejects.toThrow(/takes no classes/);
    await expect(open('coco', { classes: ['a'] })).rejects.toThrow(/takes no classes/);
    await expect(open('voc', { directory: undefined })).rejects.toThrow(/needs a directory/);
    await expect(open('coco', {})).rejects.toThrow(/instances_train\.json is not there/);
    await expect(fetchDetection('voc')).rejects.toThrow(/is not downloaded/);
  });
});
