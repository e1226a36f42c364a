import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { readCoco } from './coco.js';
import { cocoFolder } from './detection.fixture.js';

const images = [
  { id: 42, file_name: 'b.png', width: 8, height: 6 },
  { id: 7, file_name: 'a.png', width: 8, height: 6 },
];
const categories = [
  { id: 90, name: 'toothbrush', supercategory: 'indoor' },
  { id: 1, name: 'person' },
  { id: 13, name: 'stop sign' },
];
const annotation = { image_id: 7, category_id: 13, bbox: [1, 2, 3.5, 2], area: 5.25, iscrowd: 0 };
const json = (changes: object = {}) => ({
  info: { description: 'a } test " with [', year: 2017 },
  licenses: [{ id: 1, name: 'none' }],
  images,
  annotations: [annotation],
  categories,
  ...changes,
});
const read = async (content: unknown, strict = false) =>
  readCoco({ ...(await cocoFolder(content, ['a.png', 'b.png'])), strict });

describe('readCoco', () => {
  it('reads images in their order, with and without objects; classes by id, in spite of gaps', async () => {
    const crowd = { ...annotation, category_id: 90, iscrowd: 1, bbox: [0, 0, 8, 6], area: 40 };
    const { area: _, ...plain } = annotation;
    const set = await read(json({ annotations: [annotation, crowd, plain] }));
    expect(set).toMatchObject({
      count: 2,
      list: 'annotations',
      classes: ['person', 'stop sign', 'toothbrush'],
      categoryIds: [1, 13, 90],
      remarks: [],
    });
    const [b, a] = set.pictures;
    expect([b.id, b.boxes.length, a.id]).toEqual(['42', 0, '7']);
    expect([...a.boxes]).toEqual([1, 2, 4.5, 4, 0, 0, 8, 6, 1, 2, 4.5, 4]);
    expect([...a.classes]).toEqual([1, 2, 1]);
    expect([...a.crowd]).toEqual([0, 1, 0]);
    // Of the segment; where there is none, 3.5 x 2.
    expect([...a.areas]).toEqual([5.25, 40, 7]);
    expect(a.path).toMatch(/pictures\/a\.png$/);
  });

  it('the annotations may come before what they name, without spaces, behind a byte-order mark', async () => {
    const { categories: c, annotations: a, images: i } = json();
    const set = await read('\ufeff' + JSON.stringify({ annotations: a, categories: c, images: i }));
    expect([...set.pictures[1].classes]).toEqual([1]);
  });

  it('clips and drops, and says so; refuses when strict', async () => {
    const out = { ...annotation, bbox: [-1, 2, 5, 9] };
    const flat = { ...annotation, bbox: [1, 2, 3, 0] };
    const set = await read(json({ annotations: [out, flat] }));
    expect([...set.pictures[1].boxes]).toEqual([0, 2, 4, 6]);
    expect(set.remarks[0]).toMatch(/^1 box\(es\) that left .*json, line \d+: annotations\[0\]$/);
    expect(set.remarks[1]).toMatch(/^1 box\(es\) without area .*json, line \d+: annotations\[1\]$/);
    await expect(read(json({ annotations: [flat] }), true)).rejects.toThrow(/a box without area/);
    await expect(read(json({ annotations: [out] }), true)).rejects.toThrow(/leaves its picture/);
  });

  it.each([
    [{ image_id: 8 }, /annotations\[0\]: image_id 8 is no image/],
    [{ category_id: 2 }, /category_id 2 is none of the 3 categories, 1 to 90/],
    [{ bbox: [1, 2, 3] }, /bbox must be 4 numbers, got \[1,2,3\]/],
    [{ bbox: [1, 2, 3, null] }, /bbox must be 4 numbers/],
    [{ area: 'large' }, /area must be a number, got "large"/],
  ])('refuses an annotation with %j, naming its line', async (change, message) => {
    const reading = read(json({ annotations: [{ ...annotation, ...change }] }));
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(message);
    // One key a line: info 1-5, licenses 6-11, two images of 6 lines from 13 on, the annotations' bracket.
    await expect(reading).rejects.toThrow(/annotations\.json, line 27: annotations\[0\]/);
  });

  it.each([
    [{ images: [] }, /is empty: it names no images/],
    [{ categories: [] }, /names no categories/],
    [{ images: [images[0], images[0]] }, /images\[1\]: id 42 is there twice/],
    [{ categories: [categories[1], categories[1]] }, /categories\[1\]: id 1 is there twice/],
    [{ images: [{ ...images[1], width: 0 }] }, /width must be an integer of at least 1, got 0/],
    [{ images: [{ id: 7, width: 8, height: 6 }] }, /file_name must be a text, got nothing/],
    [{ images: ['a.png'] }, /images\[0\] must be an object, got "a.png"/],
    [
      { images: [...images, { ...images[0], id: 5, file_name: 'c.png' }] },
      /line \d+: c\.png is not in .*pictures/,
    ],
  ])('refuses %j', async (changes, message) => {
    await expect(read(json(changes))).rejects.toThrow(message);
  });

  it('refuses broken JSON with its line, and a missing file', async () => {
    await expect(read('{\n"images": [\n{"id": 1,}\n]}')).rejects.toThrow(/line 3: broken JSON/);
    await expect(readCoco({ annotations: '/none.json', pictures: '/' })).rejects.toThrow(
      /the annotations \/none\.json is not there/,
    );
  });
});
