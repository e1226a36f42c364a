import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { contactSheet, type Tile } from './sheet.js';

/** A picture of one grey, with boxes. */
const tile = (width: number, height: number, boxes: Tile['boxes'] = []): Tile => ({
  picture: { pixels: new Uint8Array(width * height * 3).fill(100), width, height },
  boxes,
  caption: 'a < b & "c"',
});

async function pixelsOf(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => {
    const from = (y * info.width + x) * info.channels;
    return [data[from], data[from + 1], data[from + 2]];
  };
  return { at, width: info.width, height: info.height };
}

describe('contactSheet', () => {
  it('lays tiles out in rows, each picture at its ratio', async () => {
    const tiles = [tile(100, 50), tile(100, 100), tile(50, 25)];
    const { width, height, at } = await pixelsOf(
      await contactSheet(tiles, { columns: 2, tile: 40 }),
    );
    // Gaps of 6, captions of 18; rows as high as their highest picture: 40, then 20.
    expect([width, height]).toEqual([6 + 2 * 46, 6 + (40 + 24) + (20 + 24)]);
    expect(at(6, 6)).toEqual([100, 100, 100]);
    expect(at(6 + 46 + 39, 6 + 39)).toEqual([100, 100, 100]);
    expect(at(6 + 20, 6 + 64 + 10)).toEqual([100, 100, 100]);
    expect(at(6 + 46 + 20, 6 + 64 + 10)).toEqual([255, 255, 255]);
  });

  it('draws boxes where they are, their edges in a colour, their inside untouched', async () => {
    const box = { box: [20, 40, 60, 80] as const, label: 0, text: '' };
    const { at } = await pixelsOf(await contactSheet([tile(100, 100, [box])], { tile: 100 }));
    for (const [x, y] of [
      [20, 60],
      [60, 60],
      [40, 40],
      [40, 80],
    ]) {
      const [red, , blue] = at(6 + x, 6 + y);
      expect(red - blue, `${x}, ${y}`).toBeGreaterThan(60);
    }
    expect(at(6 + 40, 6 + 60)).toEqual([100, 100, 100]);
    expect(at(6 + 80, 6 + 60)).toEqual([100, 100, 100]);
  });

  it('a dashed box has gaps; classes have colours of their own', async () => {
    const box = [20, 20, 80, 80] as const;
    const edge = async (label: number, dashed: boolean) => {
      const one = tile(100, 100, [{ box, label, text: '', dashed }]);
      const { at } = await pixelsOf(await contactSheet([one], { tile: 100 }));
      return Array.from({ length: 50 }, (_, i) => at(6 + 20, 6 + 25 + i).join());
    };
    const isGrey = (colour: string) => colour === '100,100,100';
    expect((await edge(1, false)).some(isGrey)).toBe(false);
    expect((await edge(1, true)).some(isGrey)).toBe(true);
    expect((await edge(1, false))[0]).not.toBe((await edge(2, false))[0]);
  });

  it('refuses no tiles and options out of range', async () => {
    await expect(contactSheet([])).rejects.toThrow(/needs at least one picture/);
    await expect(contactSheet([tile(4, 4)], { columns: 0 })).rejects.toThrow(/columns .* 1 to 64/);
    await expect(contactSheet([tile(4, 4)], { tile: 9999 })).rejects.toThrow(/tile .* 1 to 4096/);
  });
});
