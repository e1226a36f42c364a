/** Annotated pictures from the command line: listed, looked over, drawn. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { start, type Result } from './cli.fixture.js';

let folder: string;
let good: string;
let bad: string;

const run = (...args: string[]): Promise<Result> =>
  start(args, { SURGE_BNN_CACHE: path.join(folder, 'cache') }).done;

/** Three pictures of 40 x 30 with a box each, as VOC has them. */
async function writeSet(root: string, width = 40): Promise<void> {
  const background = '#806040';
  const png = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer();
  const corners = '<xmin>1</xmin><ymin>5</ymin><xmax>20</xmax><ymax>25</ymax>';
  const files: Record<string, string | Buffer> = {
    'ImageSets/Main/train.txt': 'a\nb\n',
    'ImageSets/Main/val.txt': 'c\n',
  };
  for (const id of ['a', 'b', 'c']) {
    files[`JPEGImages/${id}.png`] = png;
    files[`Annotations/${id}.xml`] =
      `<annotation><size><width>${width}</width><height>30</height></size>\n` +
      `<object><name>cat</name><bndbox>${corners}</bndbox></object></annotation>`;
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-detection-'));
  good = path.join(folder, 'good');
  bad = path.join(folder, 'bad');
  await writeSet(good);
  await writeSet(bad, 30);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('data of annotated pictures', () => {
  it('list has the sets, for people and for machines', async () => {
    const [plain, json] = await Promise.all([run('data'), run('data', 'list', '--json')]);
    expect(plain.out).toMatch(/annotated pictures, for detection:/);
    expect(plain.out).toMatch(/voc2007 +PASCAL VOC 2007 +train 2,501, val 2,510, trainval 5,011/);
    expect(plain.out).toMatch(
      /bccd +BCCD \(364 pictures of blood cells\) +train 205, val 87, trainval 292, test 72 +3 +unknown +(yes|no) +MIT/,
    );
    const sets = JSON.parse(json.out) as { name: string; lists?: object }[];
    expect(sets.find(({ name }) => name === 'coco2017')?.lists).toEqual({
      train2017: 118_287,
      val2017: 5000,
    });
  });

  it('check counts the lists; what does not fit ends with 2', async () => {
    const { code, out } = await run('data', 'check', good);
    expect(code).toBe(0);
    expect(out).toMatch(/train: 2 pictures, 0 of them without objects; 2 objects\n {2}cat: 2\n/);
    expect(out).toMatch(/val: 1 pictures/);
    const wrong = await run('data', 'check', bad);
    expect(wrong.code).toBe(2);
    expect(wrong.out).toMatch(
      /a\.png is 40 x 30, but its annotation says 30 x 30 .*a\.xml, line 1/,
    );
  });

  it('check takes a set by its name where no such path is; what is not there has a command', async () => {
    const missing = await run('data', 'check', 'indoor', '--directory', folder);
    expect(missing.code).toBe(2);
    expect(missing.err).toMatch(
      /indoor \(85 pictures of rooms .*, not PASCAL VOC\) is not there: neither .*; run: surge-bnn data fetch indoor/,
    );
    const path = await run('data', 'check', good, '--directory', folder);
    expect([path.code, path.err]).toEqual([2, expect.stringMatching(/leave --directory out/)]);
  });

  it('sheet draws pictures with their boxes', async () => {
    const out = path.join(folder, 'sheet.png');
    const args = ['--list', 'train', '--out', out, '--columns', '2', '--tile', '80'];
    const { code, out: text } = await run('data', 'sheet', good, ...args);
    expect(code).toBe(0);
    expect(text).toMatch(
      /^2 pictures of good \(VOC layout\), train, with their boxes: .*sheet\.png/,
    );
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([6 + 2 * 86, 6 + 60 + 24]);
    // The right edge of the box, at 20 of 40: another colour than the picture's; right of it the picture.
    const at = (x: number, y: number) => [
      ...data.subarray(
        info.channels * (y * info.width + x),
        info.channels * (y * info.width + x) + 3,
      ),
    ];
    expect(at(6 + 40, 6 + 40)).not.toEqual([0x80, 0x60, 0x40]);
    expect(at(6 + 60, 6 + 40)).toEqual([0x80, 0x60, 0x40]);
  });

  it.each([
    [['sheet', 'nothing', '--list', 'train', '--out', 'x.png'], /"nothing" is neither a set of/],
    [['sheet', 'GOOD', '--out', 'x.png'], /needs --list; allowed: train, val/],
    [['sheet', 'GOOD', '--list', 'train'], /needs --out/],
    [['sheet', 'GOOD', '--list', 'tset', '--out', 'x.png'], /unknown list .*"tset"/],
    [
      ['sheet', 'GOOD', '--list', 'val', '--out', 'x.png', '--count', 'two'],
      /--count must be a whole number/,
    ],
    [['sheet', 'voc2007', '--out', 'x.png'], /needs --list; allowed: train, val, trainval, test/],
    [['sheet', 'raccoon', '--out', 'x.png'], /needs --list; allowed: train, val, trainval$/m],
    [
      ['fetch', 'voc2008'],
      /unknown data set "voc2008" \(did you mean "voc2007"\?\); allowed: digits/,
    ],
    [
      ['fetch', 'bccd', '--base-url', 'http://127.0.0.1:1/', '--directory', 'FOLDER'],
      /BCCD_Dataset-d272fb14\w+\.tar\.gz could not be downloaded .*put the file into .*detection yourself/,
    ],
    [['fetch', 'coco'], /data set "coco" is not downloaded/],
  ])('refuses data %j', async (args, message) => {
    const places: Record<string, string | undefined> = { GOOD: good, FOLDER: folder };
    const { code, err } = await run('data', ...args.map((one) => places[one] ?? one));
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
