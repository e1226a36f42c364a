/**
 * Changes that only move pixels: mirrored, shifted, padded and cut. Such a chain takes each target row from one
 * source row (or from black) and each target column from one source column, so two small lists describe it
 * whole, and a picture is made in one pass, straight from its bytes.
 */
import type { AugmentationStep, AugmentationSpec, PictureShape } from './types.js';
import type { RandomStream } from './random.js';
import { inside } from './augmentation.js';

/** Where each row and each column comes from; -1: black. */
export interface Moves {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** Do all steps only move pixels? */
export function isMoving(spec: AugmentationSpec): boolean {
  return spec.every(({ kind }) => kind === 'flip' || kind === 'shift' || kind === 'padCrop');
}

/**
 * The moves of a chain of checked steps, drawing exactly what the pieces of augmentation.ts draw. A step maps
 * target positions to positions in its source, which are the targets of the steps before it.
 */
export function drawMoves(
  spec: AugmentationSpec,
  { height, width }: PictureShape,
  random: RandomStream,
  { rows, columns }: Moves,
): void {
  for (let y = 0; y < height; y++) rows[y] = y;
  for (let x = 0; x < width; x++) columns[x] = x;
  for (const step of spec) draw(step, random, rows, columns);
}

function draw(
  step: AugmentationStep,
  random: RandomStream,
  rows: Int32Array,
  columns: Int32Array,
): void {
  if (step.kind === 'flip') {
    if (random.uniform() < (step.probability ?? 0.5)) columns.reverse();
  } else if (step.kind === 'shift' || step.kind === 'padCrop') {
    const pixels = step.kind === 'shift' ? step.maxPixels : step.pixels;
    const padding = step.kind === 'padCrop' ? (step.padding ?? 'zero') : 'zero';
    const down = random.integer(2 * pixels + 1) - pixels;
    const right = random.integer(2 * pixels + 1) - pixels;
    move(rows, down, padding);
    move(columns, right, padding);
  }
}

function move(list: Int32Array, by: number, padding: 'zero' | 'reflect'): void {
  const before = Int32Array.from(list);
  for (let i = 0; i < list.length; i++) {
    const from = inside(i - by, list.length, padding);
    list[i] = from < 0 ? -1 : before[from];
  }
}
