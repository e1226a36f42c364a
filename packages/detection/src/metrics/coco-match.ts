/**
 * COCO's matching of the detections of one class in one picture with its objects (pycocotools' `evaluateImg`): best
 * score first, each takes the object that it overlaps most of those that are still free. What should be ignored
 * (crowds, objects of another size) is taken only where nothing else fits; a crowd may be taken any number of times.
 * A detection that takes an ignored object counts neither as right nor as wrong, nor does one of another size that takes nothing.
 */
import type { PictureDetections, PictureTruth } from './boxes.js';
import { boxArea, crowdOverlap, overlap } from './overlap.js';

/** Square pixels, both ends included. */
export type AreaRange = readonly [number, number];

/** The detections of one class in one picture, best score first, with their fates at each threshold. */
export interface Matched {
  readonly scores: Float64Array;
  /** At threshold t, detection d: place t * scores.length + d. 1 right, 0 wrong, 2 ignored. */
  readonly fates: Uint8Array;
  /** Objects that are not ignored. */
  readonly objects: number;
}

export const [WRONG, RIGHT, IGNORED] = [0, 1, 2] as const;

/** What of a picture is of one class, with all overlaps: made once for all ranges of area. */
export interface Candidates {
  readonly scores: Float64Array;
  /** Areas of the detections' boxes. */
  readonly areas: Float64Array;
  readonly truthAreas: Float64Array;
  readonly crowd: Uint8Array;
  /** Detection d, object g: place d * truthAreas.length + g. */
  readonly overlaps: Float64Array;
}

/** The objects and the best `most` detections of a class in a picture; undefined when it has neither. */
export function candidates(
  truth: PictureTruth,
  detections: PictureDetections,
  label: number,
  most: number,
): Candidates | undefined {
  const objects = placesOf(truth.classes, label);
  const found = placesOf(detections.classes, label)
    .sort((a, b) => detections.scores[b] - detections.scores[a])
    .slice(0, most);
  if (objects.length === 0 && found.length === 0) return undefined;
  const crowd = Uint8Array.from(objects, (g) => (truth.crowd?.[g] === 1 ? 1 : 0));
  const overlaps = new Float64Array(found.length * objects.length);
  found.forEach((d, row) => {
    objects.forEach((g, column) => {
      const common = crowd[column] === 1 ? crowdOverlap : overlap;
      overlaps[row * objects.length + column] = common(detections.boxes, d, truth.boxes, g);
    });
  });
  return {
    scores: Float64Array.from(found, (d) => detections.scores[d]),
    areas: Float64Array.from(found, (d) => boxArea(detections.boxes, d)),
    truthAreas: Float64Array.from(objects, (g) => truth.areas?.[g] ?? boxArea(truth.boxes, g)),
    crowd,
    overlaps,
  };
}

/** The fates of the candidates among objects of a range of areas. */
export function match(
  { scores, areas, truthAreas, crowd, overlaps }: Candidates,
  [smallest, largest]: AreaRange,
  thresholds: readonly number[],
): Matched {
  const isOutside = (area: number) => area < smallest || area > largest;
  const width = truthAreas.length;
  const ignored = Uint8Array.from(truthAreas, (area, g) =>
    crowd[g] === 1 || isOutside(area) ? 1 : 0,
  );
  // What counts comes first; both parts stay in their order.
  const order = Array.from(ignored, (_, g) => g).sort((a, b) => ignored[a] - ignored[b]);
  const fates = new Uint8Array(thresholds.length * scores.length);
  const taken = new Uint8Array(width);
  thresholds.forEach((threshold, t) => {
    taken.fill(0);
    for (let d = 0; d < scores.length; d++) {
      let best = -1;
      // As pycocotools: an overlap of 1 passes any threshold in spite of rounding.
      let most = Math.min(threshold, 1 - 1e-10);
      for (const g of order) {
        if (taken[g] === 1 && crowd[g] === 0) continue;
        if (best >= 0 && ignored[best] === 0 && ignored[g] === 1) break;
        const common = overlaps[d * width + g];
        if (common < most) continue;
        [best, most] = [g, common];
      }
      if (best >= 0) taken[best] = 1;
      const isIgnored = best >= 0 ? ignored[best] === 1 : isOutside(areas[d]);
      fates[t * scores.length + d] = isIgnored ? IGNORED : best >= 0 ? RIGHT : WRONG;
    }
  });
  return { scores, fates, objects: width - ignored.reduce((sum, one) => sum + one, 0) };
}

function placesOf(classes: ArrayLike<number>, label: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < classes.length; i++) if (classes[i] === label) places.push(i);
  return places;
}
