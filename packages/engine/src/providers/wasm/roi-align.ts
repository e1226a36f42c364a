/**
 * RoIAlign and its gradient: addresses and shapes for assembly/roi-align.ts.
 */
import type { RoiAlignAttrs } from '@surge-bnn/contract';
import type { FeatureShape, Kernels } from '../provider.js';
import type { Engine } from './instance.js';
import { partsOf, partsOfRows } from './threads/parts.js';
import type { Argument } from './threads/team.js';

type RoiKernels = Pick<Kernels, 'roiAlign' | 'roiAlignGradient'>;

/** The places of a Place in assembly/roi-align.ts. */
const PLACE_BYTES = 24;

export function roiKernels({ team, scratch }: Engine): RoiKernels {
  /** Runs `work` with the shape that each of so many threads has for itself, whose last word is room for the samples' places and a row of f64 sums. */
  function withShape(
    boxes: Float32Array,
    map: FeatureShape,
    attrs: RoiAlignAttrs,
    places: number,
    work: (shape: Argument) => void,
  ): void {
    const { height, width, samplingRatio, aligned, scale } = attrs;
    const most = samplingRatio > 0 ? samplingRatio : mostSamples(boxes, scale, height, width);
    scratch.scope(() => {
      const bytes = PLACE_BYTES * (height + width) * most + 8 * map.channels;
      const room = scratch.takeForEach(places, bytes);
      const sides = [map.height, map.width, map.channels];
      const bins = [height, width, samplingRatio, aligned ? 1 : 0];
      const shape = scratch.takeForEach(places, 4 * (sides.length + bins.length + 1));
      for (let thread = 0; thread < places; thread++) {
        const words = [...sides, ...bins, room.at + thread * room.thread];
        const at = shape.at + thread * shape.thread;
        new Int32Array(scratch.buffer, at, words.length).set(words);
      }
      work(shape);
    });
  }
  return {
    roiAlign(x, boxes, pictures, y, map, attrs) {
      const [from, at, ids, to] = [x, boxes, pictures, y].map((view) => view.byteOffset);
      const row = attrs.height * attrs.width * map.channels;
      const parts = partsOfRows(pictures.length, row);
      withShape(boxes, map, attrs, team.places, (shape) =>
        team.run('roiAlign', parts.tasks, [
          from,
          parts.from(at, 16),
          parts.from(ids),
          parts.from(to, 4 * row),
          parts.count,
          shape,
          attrs.scale,
        ]),
      );
    },
    roiAlignGradient(dy, boxes, pictures, dx, map, attrs) {
      const [from, at, ids, to] = [dy, boxes, pictures, dx].map((view) => view.byteOffset);
      const [count, parts] = [pictures.length, partsOf(dx.length)];
      withShape(boxes, map, attrs, 1, (shape) => {
        team.run('fill', parts.tasks, [parts.from(to), parts.count, 0]);
        // Boxes add to the same pixels, one after the other.
        team.run('roiAlignGradient', 1, [from, at, ids, to, count, shape, attrs.scale]);
      });
    },
  };
}

/** Samples of a bin in either direction, at most, where a bin's size decides. */
function mostSamples(boxes: Float32Array, scale: number, rows: number, columns: number): number {
  let most = 1;
  for (let i = 0; i < boxes.length; i += 4) {
    const width = Math.max(1, (boxes[i + 2] - boxes[i]) * scale);
    const height = Math.max(1, (boxes[i + 3] - boxes[i + 1]) * scale);
    // One more than the quotient rounds up to: the kernel may round the other way.
    most = Math.max(most, Math.ceil(width / columns) + 1, Math.ceil(height / rows) + 1);
  }
  return most;
}
