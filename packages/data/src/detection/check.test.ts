import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import { folderOfFiles, ownCache, randomPixels } from '../pictures/pictures.fixture.js';
import { checkDetection, detectionLayout } from './check.js';
import { cocoFolder, vocFiles, vocFolder, vocXml } from './detection.fixture.js';
import { readAnnotated } from './read.js';
import { readVoc } from './voc.js';

beforeEach(async () => void (await ownCache()));

const cat = { name: 'cat', corners: [1, 1, 20, 11], difficult: 1 };
const pictures = [
  { id: 'a', width: 20, height: 10, objects: [cat, { name: 'dog', corners: [1, 1, 5, 5] }] },
  { id: 'b', width: 12, height: 16 },
];

describe('checkDetection', () => {
  it('VOC: counts of each list, sizes, remarks; nothing wrong', async () => {
    const root = await vocFolder(pictures, { 'ImageSets/Main/val.txt': 'b\n' });
    expect(await detectionLayout(root)).toBe('voc');
    const seen: number[] = [];
    const checked = await checkDetection(root, { onProgress: (done, of) => seen.push(done, of) });
    expect(checked).toMatchObject({ layout: 'voc', problems: [] });
    const [train, val] = checked.lists;
    expect(train).toMatchObject({
      list: 'train',
      count: 2,
      empty: 1,
      difficult: 1,
      crowd: 0,
      classes: [
        { name: 'cat', count: 1 },
        { name: 'dog', count: 1 },
      ],
      width: [12, 20],
      height: [10, 16],
    });
    expect(train.remarks).toHaveLength(1);
    expect(val).toMatchObject({ list: 'val', count: 1, empty: 1, width: [12, 12] });
    expect(seen).toEqual([1, 2, 2, 2]); // two pictures, however many lists
  });

  it('VOC: tells every list and picture that cannot be used', async () => {
    const root = await vocFolder(pictures, {
      'ImageSets/Main/val.txt': 'missing\n',
      'JPEGImages/a.png': 'no picture',
      'Annotations/b.xml': vocXml({ width: 16, height: 12 }, []),
    });
    const { lists, problems } = await checkDetection(root);
    expect(lists.map(({ list }) => list)).toEqual(['train']);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/val\.txt, line 1: "missing" has no annotation/);
    expect(problems[1]).toMatch(/^corrupt: .*a\.png/);
    expect(problems[2]).toMatch(
      /b\.png is 12 x 16, but its annotation says 16 x 12 .*b\.xml, line 3/,
    );
  });

  it('COCO: each JSON file of annotations is a list', async () => {
    const json = {
      images: [{ id: 1, file_name: 'a.png', width: 8, height: 6 }],
      categories: [{ id: 3, name: 'cat' }],
      annotations: [{ image_id: 1, category_id: 3, bbox: [1, 1, 4, 4], area: 9, iscrowd: 1 }],
    };
    const files = await cocoFolder(json, ['a.png']);
    const root = path.dirname(files.annotations);
    await mkdir(path.join(root, 'annotations'));
    await rename(files.annotations, path.join(root, 'annotations/instances_val2017.json'));
    await rename(files.pictures, path.join(root, 'val2017'));
    await writeFile(path.join(root, 'annotations/captions_val2017.json'), '{}');
    const { layout, lists, remarks, problems } = await checkDetection(root);
    expect([layout, remarks, problems]).toEqual(['coco', [], []]);
    expect(lists).toMatchObject([{ list: 'val2017', count: 1, crowd: 1, width: [8, 8] }]);
    // As coco2017-val is published: the annotations of the training pictures without them.
    await writeFile(path.join(root, 'annotations/instances_train2017.json'), JSON.stringify(json));
    const part = await checkDetection(root);
    expect([part.lists.length, part.problems]).toEqual([1, []]);
    expect(part.remarks).toEqual([
      expect.stringMatching(/^train2017: not checked, .*train2017\)$/),
    ]);
    // With no pictures at all there is nothing to use.
    await rename(path.join(root, 'val2017'), path.join(root, 'elsewhere'));
    const none = await checkDetection(root);
    expect([none.lists, none.remarks, none.problems.length]).toEqual([[], [], 2]);
  });

  it('refuses several VOC sets and a damaged archive for what they are', async () => {
    const files = Object.entries(await vocFiles(pictures));
    const years = ['VOC2007', 'VOC2012'].flatMap((year) =>
      files.map(([name, bytes]) => [`VOCdevkit/${year}/${name}`, bytes] as const),
    );
    const both = await folderOfFiles(Object.fromEntries(years));
    await expect(detectionLayout(both)).rejects.toThrow(/holds several VOC sets/);
    const damaged = path.join(both, 'damaged.tar');
    await writeFile(damaged, Buffer.alloc(1024, 'x'));
    await expect(detectionLayout(damaged)).rejects.toThrow(InputError);
    await expect(detectionLayout(damaged)).rejects.toThrow(/damaged\.tar/);
  });

  it('refuses what is in neither layout, and stops when told', async () => {
    const other = await folderOfFiles({ 'train/cat/a.txt': Buffer.from('x') });
    expect(await detectionLayout(other)).toBeUndefined();
    expect(await detectionLayout('/nowhere')).toBeUndefined();
    await expect(checkDetection(other)).rejects.toThrow(/holds no annotated pictures/);
    const root = await vocFolder(pictures);
    await expect(checkDetection(root, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

it('readAnnotated gives the pixels of a picture', async () => {
  const set = await readVoc(await vocFolder(pictures), { list: 'train' });
  const { pixels, width, height } = await readAnnotated(set, 1);
  expect([width, height]).toEqual([12, 16]);
  expect([...pixels]).toEqual([...randomPixels(1, 12, 16)]);
});
