/** How the example's page prepares drawings and pictures, against pictures of MNIST and plain formulas. */
import { loadImages } from '@surge-bnn/data';
import { describe, expect, it } from 'vitest';
import { centredDigit } from '../../examples/shared/digit.js';
import { prepareDrawing, preparePicture } from '../../examples/web/src/prepare.js';
import type { Reads } from '../../examples/web/src/prepare.js';
import { grey, resized } from '../../examples/shared/raster.js';
import type { Raster } from '../../examples/shared/raster.js';
import { Refusal } from '../../examples/shared/refusal.js';

const digits: Reads = { height: 28, width: 28, channels: 1, digits: true, lightOnDark: true };
const clothes: Reads = { ...digits, digits: false };
const colours: Reads = { ...clothes, height: 32, width: 32, channels: 3 };

const { images, count } = await loadImages('digits', { split: 'test' });
const digitAt = (i: number): Raster => ({
  height: 28,
  width: 28,
  channels: 1,
  bytes: images.slice(784 * i, 784 * (i + 1)),
});

/** Each pixel as a block of k x k, somewhere on an empty pad. */
function enlarged({ height, width, bytes }: Raster, k: number, top: number, left: number): Raster {
  const side = k * 28 + Math.max(top, left);
  const pad = new Uint8Array(side * side);
  for (let y = 0; y < k * height; y++) {
    for (let x = 0; x < k * width; x++) {
      pad[(top + y) * side + left + x] = bytes[Math.floor(y / k) * width + Math.floor(x / k)];
    }
  }
  return { height: side, width: side, channels: 1, bytes: pad };
}

describe('a drawing', () => {
  it(`is prepared as MNIST's pictures were: ${count} of them come back as they are`, () => {
    let equal = 0;
    for (let i = 0; i < count; i++) {
      const picture = digitAt(i);
      const again = centredDigit(picture, 28);
      if (Buffer.from(picture.bytes).equals(again?.bytes ?? new Uint8Array())) equal += 1;
    }
    expect(equal).toBe(count);
  });

  it.each([
    [2, 0, 0],
    [5, 17, 3],
    [20, 0, 41],
  ])('may be %i times as large, and anywhere', (k, top, left) => {
    for (let i = 0; i < 10; i++) {
      const drawn = prepareDrawing(enlarged(digitAt(i), k, top, left), digits);
      expect(drawn).toEqual({ picture: digitAt(i), remarks: [] });
    }
  });

  it('keeps its proportions, and a thin one stays a pixel wide', () => {
    // 200 tall and 3 wide: 20 x 0.3, which is one pixel; its mass in row and column 14, counted from 0.
    const bytes = new Uint8Array(300 * 300);
    for (let y = 40; y < 240; y++) bytes.fill(255, 300 * y + 100, 300 * y + 103);
    const line = centredDigit({ height: 300, width: 300, channels: 1, bytes }, 28);
    const inked = [...(line?.bytes ?? [])].flatMap((value, i) => (value > 0 ? [[i, value]] : []));
    expect(inked.length).toBe(20);
    expect(inked.every(([i, value]) => i % 28 === 14 && value === 255)).toBe(true);
    const rows = inked.map(([i]) => Math.floor(i / 28));
    expect(Math.abs(rows.reduce((a, b) => a + b, 0) / 20 - 14)).toBeLessThanOrEqual(0.5);
  });

  it('stays inside where its mass is far from its middle', () => {
    // A heavy bar below and a thin line up: the mass would pull the line's end out of the picture.
    const bytes = new Uint8Array(100 * 100);
    for (let y = 0; y < 100; y++) bytes[100 * y] = y < 97 ? 20 : 255;
    for (let y = 97; y < 100; y++) bytes.fill(255, 100 * y, 100 * y + 100);
    const { bytes: placed } = centredDigit({ height: 100, width: 100, channels: 1, bytes }, 28) ?? {
      bytes: new Uint8Array(),
    };
    const rows = [...placed].flatMap((value, i) => (value > 0 ? [Math.floor(i / 28)] : []));
    expect([Math.min(...rows), Math.max(...rows)]).toEqual([0, 19]);
  });

  it('of nothing is nothing', () => {
    const empty = { height: 28, width: 28, channels: 1, bytes: new Uint8Array(784) };
    expect(prepareDrawing(empty, digits)).toBeUndefined();
  });
});

describe('a size', () => {
  /** The mean over an output pixel's area, summed over a grid that is fine enough to be exact. */
  it.each([
    [6, 4, 3, 2],
    [6, 4, 4, 6],
    [5, 7, 2, 3],
    [2, 3, 7, 5],
  ])('of %i x %i becomes %i x %i by means over areas', (height, width, toHeight, toWidth) => {
    const bytes = Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 37) % 256);
    const from: Raster = { height, width, channels: 3, bytes };
    const box = { top: 0, left: 0, height, width };
    const expected: number[] = [];
    for (let y = 0; y < toHeight; y++) {
      for (let x = 0; x < toWidth; x++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          // Cells of 1 / toHeight by 1 / toWidth pixels: an output pixel has height x width of them.
          for (let v = y * height; v < (y + 1) * height; v++) {
            for (let u = x * width; u < (x + 1) * width; u++) {
              const pixel = Math.floor(v / toHeight) * width + Math.floor(u / toWidth);
              sum += bytes[3 * pixel + c];
            }
          }
          expected.push(sum / (height * width));
        }
      }
    }
    // A mean half way between two bytes may become either.
    const found = resized(from, box, toHeight, toWidth).bytes;
    expect(found.length).toBe(expected.length);
    expected.forEach((mean, i) => {
      expect(Math.abs(found[i] - mean)).toBeLessThan(0.5 + 1e-9);
    });
  });
});

describe('a picture', () => {
  const flat = (height: number, width: number, colour: readonly number[]): Raster => ({
    height,
    width,
    channels: 3,
    bytes: Uint8Array.from({ length: 3 * height * width }, (_, i) => colour[i % 3]),
  });
  const rgb = ({ height, width, bytes }: Raster): Raster => {
    const three = Uint8Array.from({ length: 3 * bytes.length }, (_, i) => bytes[Math.floor(i / 3)]);
    return { height, width, channels: 3, bytes: three };
  };

  it('of the right size is taken as it is, also as grey in three channels', () => {
    const { picture, remarks } = preparePicture(rgb(digitAt(3)), digits);
    expect([picture, remarks]).toEqual([digitAt(3), []]);
    const colourful = { ...flat(32, 32, [9, 8, 7]) };
    colourful.bytes[5] = 200;
    expect(preparePicture(colourful, colours)).toEqual({ picture: colourful, remarks: [] });
  });

  it('of ink on paper is inverted for digits, and centred', () => {
    const pad = enlarged(digitAt(4), 6, 10, 20);
    const paper = { ...pad, bytes: pad.bytes.map((value) => 230 - Math.round(value * 0.8)) };
    const { picture, remarks } = preparePicture(rgb(paper), digits);
    expect(remarks).toEqual([
      'inverted, because its border is light',
      `ink cut out of ${pad.height} x ${pad.width} and centred as MNIST's is`,
    ]);
    // The paper is 25 now, the ink at most 229; what is below a quarter of the way, 76, is paper.
    const most = pad.bytes.reduce((a, b) => Math.max(a, b), 0);
    const top = 25 + Math.round(most * 0.8);
    const least = 25 + (top - 25) / 4;
    const ink = pad.bytes.map((value) => {
      const light = 25 + Math.round(value * 0.8);
      return light <= least ? 0 : Math.max(1, Math.round((255 * (light - least)) / (top - least)));
    });
    expect(picture).toEqual(centredDigit({ ...pad, bytes: ink }, 28));
  });

  it('of another size is resized to fit inside, on the colour of its border', () => {
    const wide = flat(20, 80, [10, 20, 30]);
    for (let y = 8; y < 12; y++) wide.bytes.fill(250, 3 * (80 * y + 20), 3 * (80 * y + 60));
    const { picture, remarks } = preparePicture(wide, colours);
    expect(remarks).toEqual(['resized from 20 x 80 to fit into 32 x 32']);
    const at = (y: number, x: number) => [...picture.bytes.subarray(3 * (32 * y + x)).slice(0, 3)];
    // 32 x 8, rows 12 to 19. Row 15 lies over source rows 7.5 to 10, of which the bar has 8 and 9: four fifths.
    expect([at(0, 0), at(11, 16), at(20, 16), at(31, 31)]).toEqual(
      Array.from({ length: 4 }, () => [10, 20, 30]),
    );
    expect(at(15, 16)).toEqual([202, 204, 206]);
  });

  it('of one channel keeps its light where the training was of light pictures', () => {
    const light = preparePicture(rgb(digitAt(0)), { ...clothes, lightOnDark: false });
    expect(light.picture).toEqual(digitAt(0));
  });

  it('becomes grey by its luma', () => {
    expect([...grey(flat(1, 2, [255, 0, 0])).bytes]).toEqual([76, 76]);
    expect([...grey(flat(1, 1, [0, 255, 0])).bytes]).toEqual([150]);
    const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    const all = grey({ height: 1, width: 256, channels: 3, bytes: greys });
    expect([...all.bytes]).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });

  it.each([digits, clothes, colours])('without anything on it is refused', (reads) => {
    expect(() => preparePicture(flat(50, 50, [1, 2, 3]), reads)).toThrow(Refusal);
    expect(() => preparePicture(flat(50, 50, [1, 2, 3]), reads)).toThrow(/nothing on this picture/);
  });
});
