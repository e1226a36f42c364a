import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { InputError } from '@surge-bnn/contract';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { borderOf, inverted, type Picture } from './picture.js';
import { fromDataset, fromFile, fromIdx, type Wanted } from './sources.js';

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-pictures-'));
});
afterAll(() => rm(folder, { recursive: true }));

const dark = { mean: [0.13], std: [0.3] };
const grey: Wanted = { shape: [8, 8, 1], pixels: dark, invert: 'auto' };
const colour: Wanted = {
  shape: [8, 8, 3],
  pixels: { mean: [0.1, 0.1, 0.1], std: [1, 1, 1] },
  invert: 'auto',
};

/** A light bar on a dark ground, 8 x 8. */
const bar = Uint8Array.from({ length: 64 }, (_, i) => (i % 8 === 3 && i > 8 && i < 56 ? 250 : 7));
const raw = { width: 8, height: 8, channels: 1 } as const;

describe('image files', () => {
  it('gives a grey PNG of the right size as it is, in 8 and in 16 bits', async () => {
    await sharp(bar, { raw }).png().toFile(at('bar.png'));
    const wide = Uint16Array.from(bar, (value) => value * 257);
    await sharp(wide, { raw }).toColourspace('grey16').png().toFile(at('wide.png'));
    expect((await sharp(at('wide.png')).metadata()).depth).toBe('ushort');
    for (const name of ['bar.png', 'wide.png']) {
      const picture = await fromFile(at(name), grey);
      expect(picture).toEqual({ name: at(name), bytes: bar, remarks: [] });
    }
  });

  it('inverts dark on light by itself, on order, or not at all', async () => {
    await sharp(inverted({ ...raw, bytes: bar }).bytes, { raw })
      .png()
      .toFile(at('paper.png'));
    const auto = await fromFile(at('paper.png'), grey);
    expect(auto.bytes).toEqual(bar);
    expect(auto.remarks.join()).toMatch(/^inverted: its border is light/);
    const no = await fromFile(at('paper.png'), { ...grey, invert: 'no' });
    expect([no.bytes[0], no.remarks]).toEqual([248, []]);
    const yes = await fromFile(at('bar.png'), { ...grey, invert: 'yes' });
    expect([yes.bytes[0], yes.remarks]).toEqual([248, ['inverted, as --invert says']]);
  });

  it('leaves a light picture to a model that was trained on such, or on colours', async () => {
    const light = { ...grey, pixels: { mean: [0.8], std: [0.3] } };
    expect((await fromFile(at('paper.png'), light)).remarks).toEqual([]);
    const { bytes, remarks } = await fromFile(at('paper.png'), colour);
    expect([[...bytes.subarray(0, 3)], remarks]).toEqual([[248, 248, 248], []]);
  });

  it('reads a large JPEG, and says how it was resized', async () => {
    await sharp(bar, { raw })
      .resize(80, 40, { fit: 'fill', kernel: 'nearest' })
      .jpeg({ quality: 95 })
      .toFile(at('wide.jpg'));
    const { bytes, remarks } = await fromFile(at('wide.jpg'), grey);
    expect(remarks).toEqual(['resized from 40x80 to 4x8, the rest of 8x8 filled like its border']);
    expect(bytes).toHaveLength(64);
    // Above and below: the ground. In the middle: the bar, in its column.
    expect(Math.max(...bytes.subarray(0, 16), ...bytes.subarray(48))).toBeLessThan(20);
    expect(bytes.indexOf(Math.max(...bytes)) % 8).toBe(3);
  });

  it.each([
    [0, 'white', 248],
    [255, 'black', 7],
  ])('puts transparent ink of %i on %s', async (ink, ground) => {
    const rgba = Uint8Array.from({ length: 256 }, (_, i) => (i % 4 === 3 ? bar[i >> 2] : ink));
    const file = at(`ink-${ink}.png`);
    await sharp(rgba, { raw: { ...raw, channels: 4 } })
      .png()
      .toFile(file);
    const { bytes, remarks } = await fromFile(file, grey);
    expect(remarks[0]).toBe(`what is transparent was put on ${ground}`);
    // Either way the bar ends up light on dark.
    expect([bytes[0], bytes[11]]).toEqual([bar[0], bar[11]]);
  });

  it('keeps colours for a model of three channels, weighs them for one', async () => {
    const red = { create: { width: 8, height: 8, channels: 3, background: '#ff0000' } } as const;
    await sharp(red).png().toFile(at('red.png'));
    const three = await fromFile(at('red.png'), colour);
    expect([...three.bytes.subarray(0, 6)]).toEqual([255, 0, 0, 255, 0, 0]);
    const one = await fromFile(at('red.png'), grey);
    expect(one.bytes[0]).toBe(76);
    expect(one.remarks).toEqual(['there is nothing on it: every pixel is the same']);
  });

  it('refuses what is no image, in one line, and models of other channels', async () => {
    await writeFile(at('text.png'), 'no picture');
    const cut = await sharp(bar, { raw }).jpeg().toBuffer();
    await writeFile(at('cut.jpg'), cut.subarray(0, 150));
    const refused = async (file: string, message: RegExp, wanted = grey) => {
      await expect(fromFile(at(file), wanted)).rejects.toThrow(InputError);
      await expect(fromFile(at(file), wanted)).rejects.toThrow(message);
    };
    await refused('none.png', /none\.png does not exist$/);
    await refused('.', /is a folder$/);
    await refused('text.png', /text\.png is no image that can be read \(PNG, JPEG\): [^\n]+$/);
    await refused('cut.jpg', /cut\.jpg is no image that can be read \(PNG, JPEG\): [^\n]+$/);
    await refused('bar.png', /pictures of 2 channels/, { ...grey, shape: [8, 8, 2] });
  });
});

describe('pictures of data files', () => {
  const idx = (...dimensions: number[]): Buffer => {
    const header = Buffer.alloc(4 + 4 * dimensions.length);
    header.set([0, 0, 8, dimensions.length]);
    dimensions.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
    const size = dimensions.reduce((a, b) => a * b, 1);
    return Buffer.concat([header, Buffer.from(Uint8Array.from({ length: size }, (_, i) => i))]);
  };

  it('reads IDX, packed or not, and takes them as they are', async () => {
    await writeFile(at('three'), idx(3, 8, 8));
    await writeFile(at('three.gz'), gzipSync(idx(3, 8, 8)));
    for (const name of ['three', 'three.gz']) {
      const pictures = await fromIdx(at(name), [2, 0], grey);
      expect(pictures.map((p: Picture) => [p.name, p.bytes[0], p.remarks])).toEqual([
        [`${name}[2]`, 128, []],
        [`${name}[0]`, 0, []],
      ]);
    }
    const [turned] = await fromIdx(at('three'), [0], { ...grey, invert: 'yes' });
    expect(turned.bytes[0]).toBe(255);
    const [resized] = await fromIdx(at('three'), [0], { ...grey, shape: [16, 16, 1] });
    expect(resized.remarks).toEqual(['resized from 8x8 to 16x16']);
  });

  it('refuses indices, shapes and files that do not fit', async () => {
    await writeFile(at('flat'), idx(5));
    const refused = (file: string, index: number, message: string, wanted = grey) =>
      expect(fromIdx(at(file), [index], wanted)).rejects.toThrow(message);
    await refused('three', 3, 'three has no picture 3; allowed: 0 to 2');
    await refused('three', 0, 'three[0] has 1 channel(s), the model takes 3', colour);
    await refused('flat', 0, 'holds 1 dimension(s) (5), pictures have 3 or 4');
    await refused('none', 0, 'none is not there');
    await refused('text.png', 0, 'is no IDX file');
  });

  it('takes digits with their labels', async () => {
    const wanted: Wanted = { ...grey, shape: [28, 28, 1] };
    const [picture] = await fromDataset('digits', 'test', [0], wanted);
    expect(picture).toMatchObject({ name: 'digits[0]', label: '3', remarks: [] });
    const beyond = fromDataset('digits', 'test', [2000], wanted);
    await expect(beyond).rejects.toThrow('digits (test) has no picture 2000; allowed: 0 to 1999');
    await expect(fromDataset('digit', 'test', [0], wanted)).rejects.toThrow('"digits"');
  });
});

describe('borderOf', () => {
  it('is the mean of the outermost pixels, each counted once', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 99, 5, 6, 7, 8);
    expect(borderOf({ height: 3, width: 3, channels: 1, bytes })).toEqual([36 / 8]);
    const column = Uint8Array.of(1, 2, 3);
    expect(borderOf({ height: 3, width: 1, channels: 1, bytes: column })).toEqual([2]);
    const pairs = Uint8Array.of(0, 10, 4, 20);
    expect(borderOf({ height: 1, width: 2, channels: 2, bytes: pairs })).toEqual([2, 15]);
  });
});
