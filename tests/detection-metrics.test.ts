/** Readers and metrics together: the example that comes with github.com/Cartucho/mAP, rooms with 686 objects and 494 detections. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readVoc } from '@surge-bnn/data';
import { cocoMetrics, vocMeanAveragePrecision, type PictureDetections } from '@surge-bnn/detection';

const archive = fileURLToPath(new URL('../../shared/data/detection/indoor.tar', import.meta.url));

interface Line {
  readonly name: string;
  readonly score: number;
  /** left, top, right, bottom: the first and the last pixel. */
  readonly corners: readonly number[];
}

/** The lines of each picture's file: class, score (of detections), left, top, right, bottom. */
async function linesOf(folder: string): Promise<Map<string, readonly Line[]>> {
  const files = (await readdir(folder)).sort();
  const read = async (file: string): Promise<[string, Line[]]> => {
    const lines = (await readFile(path.join(folder, file), 'utf8')).split('\n');
    const parsed = lines
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const [name, ...numbers] = line.trim().split(/\s+/);
        const values = numbers.map(Number);
        return { name, score: values.length === 5 ? values[0] : 1, corners: values.slice(-4) };
      });
    return [path.parse(file).name, parsed];
  };
  return new Map(await Promise.all(files.map(read)));
}

/** AP of a class as that program computes it, but plainly: widths with + 1, the best precision for each object found. */
function slowAveragePrecision(
  truth: ReadonlyMap<string, readonly Line[]>,
  found: ReadonlyMap<string, readonly Line[]>,
  name: string,
): number {
  const size = (from: number, to: number) => Math.max(0, to - from + 1);
  const overlap = (a: readonly number[], b: readonly number[]) => {
    const common =
      size(Math.max(a[0], b[0]), Math.min(a[2], b[2])) *
      size(Math.max(a[1], b[1]), Math.min(a[3], b[3]));
    const area = (c: readonly number[]) => size(c[0], c[2]) * size(c[1], c[3]);
    return common / (area(a) + area(b) - common);
  };
  const ranked = [...found].flatMap(([picture, lines]) =>
    lines.filter((line) => line.name === name).map((line) => ({ picture, line })),
  );
  ranked.sort((a, b) => b.line.score - a.line.score);
  const had = new Set<Line>();
  const right = ranked.map(({ picture, line }) => {
    const candidates = (truth.get(picture) ?? []).filter((one) => one.name === name);
    const overlaps = candidates.map((one) => overlap(line.corners, one.corners));
    const most = Math.max(0, ...overlaps);
    if (most < 0.5) return false;
    const best = candidates[overlaps.indexOf(most)];
    const isFirst = !had.has(best);
    had.add(best);
    return isFirst;
  });
  const objects = [...truth.values()].flat().filter((line) => line.name === name).length;
  let sum = 0;
  for (let k = 1; k <= objects; k++) {
    const cuts = right.map((_, i) => right.slice(0, i + 1).filter((one) => one).length);
    sum += Math.max(0, ...cuts.map((count, i) => (count >= k ? count / (i + 1) : 0)));
  }
  return sum / objects;
}

it.skipIf(!existsSync(archive))(
  'VOC and COCO metrics of the example (skipped where ../shared/data/detection is not there)',
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'surge-detection-'));
    try {
      await promisify(execFile)('tar', ['xf', archive, '-C', folder]);
      const truth = await linesOf(path.join(folder, 'indoor/ground-truth'));
      const found = await linesOf(path.join(folder, 'indoor/detection-results'));
      const set = await readVoc(archive, { list: 'trainval' });
      expect([set.count, set.columns.classes.length]).toEqual([85, 686]);
      expect([...found.values()].flat()).toHaveLength(494);
      const classes = set.classes.length;
      // A class that has no object has no place among the set's: its detections are wrong in no class's count.
      const pictures = set.pictures.map(({ id }): PictureDetections => {
        const lines = (found.get(id) ?? []).filter(({ name }) => set.classes.includes(name));
        return {
          boxes: lines.flatMap(({ corners: [x1, y1, x2, y2] }) => [x1 - 1, y1 - 1, x2, y2]),
          scores: lines.map(({ score }) => score),
          classes: lines.map(({ name }) => set.classes.indexOf(name)),
        };
      });
      const voc = vocMeanAveragePrecision(set.pictures, pictures, { classes });
      const slow = set.classes.map((name) => slowAveragePrecision(truth, found, name));
      // Five boxes end a pixel below their pictures and are clipped: no detection is near its threshold there.
      voc.classes.forEach(({ averagePrecision }, i) => {
        expect(averagePrecision, set.classes[i]).toBeCloseTo(slow[i], 10);
      });
      const mean = slow.reduce((sum, value) => sum + value, 0) / classes;
      expect(voc.meanAveragePrecision).toBeCloseTo(mean, 10);
      expect(mean).toBeCloseTo(0.310477185, 9);
      // COCO's precision at 0.50 is read at 101 recalls instead of at every object's, so it is near VOC's, not equal.
      const coco = cocoMetrics(set.pictures, pictures, { classes });
      expect(Math.abs((coco.ap50 ?? 0) - mean)).toBeLessThan(0.02);
      expect(coco.ap ?? 0).toBeLessThan(mean);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
