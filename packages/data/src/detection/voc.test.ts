import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { folderOfFiles, ownCache } from '../pictures/pictures.fixture.js';
import { temporaryFolder } from '../sets.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import { concatDetection, pickDetection } from './columns.js';
import { vocFiles, vocFolder, vocXml } from './detection.fixture.js';
import { readVoc, vocLists } from './voc.js';

beforeEach(async () => void (await ownCache()));

const cat = { name: 'cat', corners: [1, 1, 20, 10] };
const dog = { name: 'dog', corners: [3, 4, 7, 8], difficult: 1, truncated: 1 };
const pictures = [
  { id: 'a', width: 20, height: 10, objects: [dog, cat] },
  { id: 'b', width: 12, height: 16 },
] as const;

describe('readVoc', () => {
  it('reads boxes from edge to edge, flags, and pictures without objects', async () => {
    const root = await vocFolder(pictures);
    const set = await readVoc(root, { list: 'train' });
    expect(set).toMatchObject({ list: 'train', count: 2, classes: ['cat', 'dog'], remarks: [] });
    const [a, b] = set.pictures;
    expect(a).toMatchObject({ id: 'a', width: 20, height: 10 });
    expect(a.path).toBe(path.join(root, 'JPEGImages/a.png'));
    // The first pixel of 3 .. 7 begins at 2, the last one ends at 7; 1, 1, 20, 10 is the whole picture.
    expect([...a.boxes]).toEqual([2, 3, 7, 8, 0, 0, 20, 10]);
    expect([...a.classes]).toEqual([1, 0]);
    expect([...a.difficult]).toEqual([1, 0]);
    expect([...a.truncated]).toEqual([1, 0]);
    expect([...a.areas]).toEqual([25, 200]);
    expect(b).toMatchObject({ id: 'b', width: 12, height: 16 });
    expect(b.boxes.length).toBe(0);
  });

  it('a folder, its tar and the devkit round it are one set; years are told apart', async () => {
    const files = await vocFiles(pictures);
    const wrapped = (prefix: string) =>
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [prefix + name, bytes]));
    const plain = await readVoc(await folderOfFiles(files), { list: 'train' });
    const archive = path.join(await temporaryFolder(), 'set.tar');
    const entries = Object.entries(wrapped('set/')).map(([name, content]) => ({ name, content }));
    await writeFile(archive, tarBytes(entries));
    const packed = await readVoc(archive, { list: 'train' });
    expect(packed.sha256).toBe(plain.sha256);
    expect(packed.pictures[0].path).toBe(`${archive}, JPEGImages/a.png`);

    const both = { ...wrapped('VOCdevkit/VOC2007/'), ...wrapped('VOCdevkit/VOC2012/') };
    const devkit = await folderOfFiles(both);
    await expect(readVoc(devkit, { list: 'train' })).rejects.toThrow(/several VOC sets/);
    const one = await readVoc(devkit, { list: 'train', year: '2012' });
    expect(one.pictures[1].path).toBe(path.join(devkit, 'VOCdevkit/VOC2012/JPEGImages/b.png'));
    await expect(readVoc(devkit, { list: 'train', year: '2010' })).rejects.toThrow(
      /no Annotations\/\*\.xml of VOC2010/,
    );
  });

  it('lists: with 1 and -1 behind the ids, with CRLF and blank lines; their names', async () => {
    const root = await vocFolder(pictures, {
      'ImageSets/Main/cat_val.txt': 'b -1\r\n\r\na  1\r\n',
    });
    const set = await readVoc(root, { list: 'cat_val' });
    expect(set.pictures.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(await vocLists(root)).toEqual(['cat_val', 'train']);
  });

  it('parts of objects are no objects; numbers may have fractions; flags may be absent', async () => {
    const part = '<part><name>head</name><bndbox><xmin>2</xmin></bndbox></part>';
    const xml = vocXml({ width: 20, height: 10 }, [{ name: 'cat', corners: [2.5, 2, 9.25, 9] }]);
    const root = await vocFolder(pictures, {
      'Annotations/a.xml': xml.replace('</object>', `${part}</object>`),
    });
    const set = await readVoc(root, { list: 'train' });
    expect([...set.pictures[0].boxes]).toEqual([1.5, 1, 9.25, 9]);
    expect(set.classes).toEqual(['cat']);
  });

  it('takes the size of the picture where the annotation has none', async () => {
    for (const size of [undefined, { width: 0, height: 0 }]) {
      const root = await vocFolder(pictures, { 'Annotations/a.xml': vocXml(size, [cat]) });
      const set = await readVoc(root, { list: 'train' });
      expect(set.pictures[0]).toMatchObject({ width: 20, height: 10 });
      expect([...set.pictures[0].boxes]).toEqual([0, 0, 20, 10]);
    }
  });

  const flaws = [
    { name: 'cat', corners: [0, 1, 21, 10] }, // leaves it on both sides: clipped, line 6
    { name: 'cat', corners: [5, 5, 5, 8] }, // no width: dropped, line 12
    { name: 'cat', corners: [9, 5, 5, 8] }, // ends before it begins: dropped, line 18
    { name: 'cat', corners: [25, 1, 30, 10] }, // outside: dropped, line 24
    dog,
  ];

  it('clips what leaves the picture, drops what has no area, and says both with file and line', async () => {
    const root = await vocFolder([{ id: 'a', width: 20, height: 10, objects: flaws }]);
    const set = await readVoc(root, { list: 'train' });
    expect([...set.pictures[0].boxes]).toEqual([0, 0, 20, 10, 2, 3, 7, 8]);
    const xml = 'a.xml'; // whatever folder it lies in: receipts must not differ by it
    expect(set.remarks).toEqual([
      `1 box(es) that left their pictures clipped: ${xml}, line 6`,
      `3 box(es) without area dropped: ${[12, 18, 24].map((line) => `${xml}, line ${line}`).join(', ')}`,
    ]);
  });

  it.each([
    [0, /a\.xml, line 6: a box that leaves its picture of 20 x 10: -1, 0, 21, 10/],
    [1, /a\.xml, line 6: a box without area: 4, 4, 5, 8/],
    [2, /a\.xml, line 6: a box without area: 8, 4, 5, 8/],
    [3, /a\.xml, line 6: a box outside its picture of 20 x 10: 24, 0, 30, 10/],
  ])('strict: refuses flaw %i', async (i, message) => {
    const root = await vocFolder([{ id: 'a', width: 20, height: 10, objects: [flaws[i]] }]);
    await expect(readVoc(root, { list: 'train', strict: true })).rejects.toThrow(message);
  });

  const xml = (corners: readonly (number | string)[], difficult: number | string = 0) =>
    vocXml({ width: 20, height: 10 }, [{ name: 'cat', corners, difficult }]);

  it.each([
    ['a list that is not there', {}, 'val', /unknown list of .* "val"; allowed: train/],
    ['an empty list', { 'ImageSets/Main/val.txt': '\n' }, 'val', /val\.txt is empty: no pictures/],
    [
      'a picture that is listed twice',
      { 'ImageSets/Main/val.txt': 'a\nb\na\n' },
      'val',
      /val\.txt, line 3: "a" is listed twice, the first time in .*val\.txt, line 1/,
    ],
    [
      'a listed picture without annotation',
      { 'ImageSets/Main/val.txt': 'a\nmissing\n' },
      'val',
      /val\.txt, line 2: "missing" has no annotation .*Annotations\/missing\.xml/,
    ],
    [
      'a listed annotation without picture',
      { 'ImageSets/Main/val.txt': 'c\n', 'Annotations/c.xml': xml([1, 1, 2, 2]) },
      'val',
      /val\.txt, line 1: "c" has no picture .*JPEGImages\/c\.jpg/,
    ],
    [
      'XML that does not close',
      { 'Annotations/b.xml': '<annotation>\n<object>\n</annotation>' },
      'train',
      /b\.xml, line 3: broken XML: Expected closing tag 'object'/,
    ],
    ['no XML', { 'Annotations/b.xml': 'width: 3' }, 'train', /b\.xml, line 1: broken XML/],
    ['an empty file', { 'Annotations/b.xml': '' }, 'train', /b\.xml, line 1: broken XML/],
    ['other XML', { 'Annotations/b.xml': '<html></html>' }, 'train', /line 1: no VOC annotation/],
    [
      'a number that is none',
      { 'Annotations/b.xml': xml(['left', 1, 5, 5]) },
      'train',
      /b\.xml, line 9: <xmin> must be one number, got "left"/,
    ],
    [
      'a flag that is none',
      { 'Annotations/b.xml': xml([1, 1, 5, 5], 2) },
      'train',
      /b\.xml, line 6: <difficult> must be 0 or 1, got "2"/,
    ],
    [
      'a size without a width',
      { 'Annotations/b.xml': '<annotation>\n<size><height>3</height></size></annotation>' },
      'train',
      /b\.xml, line 2: <width> must be one number, got nothing/,
    ],
    [
      'an object without a box',
      { 'Annotations/b.xml': '<annotation>\n<object><name>cat</name></object></annotation>' },
      'train',
      /b\.xml, line 2: the object "cat" has no <bndbox>/,
    ],
    [
      'an empty object',
      { 'Annotations/b.xml': '<annotation>\n<folder/>\n<object/></annotation>' },
      'train',
      /b\.xml, line 3: an <object> is empty/,
    ],
    [
      'an object without a name',
      { 'Annotations/b.xml': '<annotation>\n<object><x>1</x></object></annotation>' },
      'train',
      /b\.xml, line 2: an <object> without a <name>/,
    ],
  ])('refuses %s', async (_, more, list, message) => {
    const root = await vocFolder(pictures, more);
    const reading = readVoc(root, { list });
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
  });

  it('refuses a class that is none of the given ones, and what is no VOC folder', async () => {
    const root = await vocFolder(pictures);
    await expect(readVoc(root, { list: 'train', classes: ['cat', 'dogs'] })).rejects.toThrow(
      /a\.xml, line 6: unknown class "dog" \(did you mean "dogs"\?\); allowed: cat, dogs/,
    );
    const other = await folderOfFiles({ 'a/b.jpg': Buffer.from('x') });
    await expect(readVoc(other, { list: 'train' })).rejects.toThrow(/holds no Annotations/);
    await expect(readVoc(`${other}/none`, { list: 'train' })).rejects.toThrow(/is not there/);
  });

  it('the receipt changes with a box, a flag, a class name; a picked part is a set', async () => {
    const sum = async (objects: (typeof cat)[], classes?: string[]) =>
      (
        await readVoc(await vocFolder([{ id: 'a', width: 20, height: 10, objects }]), {
          list: 'train',
          classes,
        })
      ).sha256;
    const sums = [
      await sum([cat]),
      await sum([{ ...cat, corners: [1, 1, 19, 10] }]),
      await sum([{ ...cat, ...{ difficult: 1 } }]),
      await sum([{ ...cat, ...{ truncated: 1 } }]),
      await sum([cat], ['cat', 'dog']),
      await sum([]).catch((error: Error) => error.message),
    ];
    expect(new Set(sums).size).toBe(6);
    expect(sums[5]).toMatch(/has no object in any annotation: give its classes/);
    const set = await readVoc(await vocFolder(pictures), { list: 'train' });
    const part = pickDetection(set, [1, 0]);
    expect(part.pictures[1]).toEqual(set.pictures[0]);
    expect(part.pictures[0].id).toBe('b');
    expect(pickDetection(set, [0, 1]).sha256).toBe(set.sha256);
    for (const stray of [set.count, -1, 0.5]) {
      expect(() => pickDetection(set, [0, stray])).toThrow(InputError);
      expect(() => pickDetection(set, [0, stray])).toThrow(`has no picture ${stray}: indices`);
    }
    expect(() => concatDetection([])).toThrow(InputError);
    expect(concatDetection([set]).sha256).toBe(set.sha256);
  });
});

/** The real files, where a checkout has them beside it; their README tells the counts. */
const shared = fileURLToPath(new URL('../../../../../shared/data/detection', import.meta.url));
const title = 'the shared sets (skipped where ../shared/data/detection is not there)';

describe.skipIf(!existsSync(shared))(title, () => {
  const read = (name: string, list: string) => readVoc(path.join(shared, `${name}.tar`), { list });

  it('BCCD: 364 pictures, 4,888 boxes, of which two have no size', async () => {
    const [train, test] = [await read('bccd', 'trainval'), await read('bccd', 'test')];
    expect([train.count, test.count]).toEqual([292, 72]);
    expect(train.classes).toEqual(['Platelets', 'RBC', 'WBC']);
    expect(train.columns.classes.length + test.columns.classes.length).toBe(4888 - 2);
    expect(train.remarks[0]).toMatch(
      /^2 box\(es\) without area dropped: .*BloodImage_00338\.xml, line \d+, .*BloodImage_00343\.xml/,
    );
    expect(train.pictures.every(({ width, height }) => width === 640 && height === 480)).toBe(true);
  });

  it('raccoon: 200 pictures of 133 sizes, 217 boxes', async () => {
    const set = await read('raccoon', 'trainval');
    expect([set.count, set.columns.classes.length, set.remarks.length]).toEqual([200, 217, 0]);
    expect(new Set(set.pictures.map(({ width, height }) => `${width}x${height}`)).size).toBe(133);
  });

  it('indoor: 85 pictures, 686 boxes of 30 classes, five of which end below the picture', async () => {
    const set = await read('indoor', 'trainval');
    expect([set.count, set.columns.classes.length, set.classes.length]).toEqual([85, 686, 30]);
    expect(set.remarks).toHaveLength(1);
    expect(set.remarks[0]).toMatch(/^5 box\(es\) that left their pictures clipped/);
  });
});
