/**
 * SSD's default boxes (arXiv 1512.02325, 2.2), as torchvision and the Caffe original have them. At every pixel of feature map k,
 * with s_k the share of the picture that its boxes span: squares of s_k and sqrt(s_k s_k+1), then for each ratio r a box of
 * s_k sqrt(r) by s_k / sqrt(r) and the same upright. Centres lie at (column + 1/2) step / picture size.
 */
import type { Boxes, PictureSize } from './box.js';

export interface DefaultBoxPlan {
  /** s_k of each feature map, and one more. */
  readonly scales: readonly number[];
  /** Ratios of each feature map, besides 1. */
  readonly ratios: readonly (readonly number[])[];
  /** Pixels of the picture between the centres, the same on both axes or each. */
  readonly steps: readonly (number | readonly [y: number, x: number])[];
}

/** SSD300 for PASCAL VOC and COCO, as torchvision has it: 8,732 boxes on maps of 38, 19, 10, 5, 3 and 1 pixels. */
export const ssd300Plan: DefaultBoxPlan = {
  scales: [0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
  ratios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
  steps: [8, 16, 32, 64, 100, 300],
};

/** How many boxes stand at each pixel of feature map k. */
export function defaultBoxesPerPixel(
  { ratios }: Pick<DefaultBoxPlan, 'ratios'>,
  k: number,
): number {
  return 2 + 2 * ratios[k].length;
}

/**
 * The default boxes of all feature maps, one map behind the other; widths and heights are at most the picture's.
 * @param maps [rows, columns] of each feature map.
 */
export function defaultBoxes(
  plan: DefaultBoxPlan,
  maps: readonly (readonly [rows: number, columns: number])[],
  picture: PictureSize,
): Boxes {
  if (maps.length !== plan.steps.length) {
    throw new RangeError(`the plan is for ${plan.steps.length} feature maps, got ${maps.length}`);
  }
  const count = maps.reduce(
    (sum, [rows, columns], k) => sum + rows * columns * defaultBoxesPerPixel(plan, k),
    0,
  );
  const boxes = new Float32Array(4 * count);
  let at = 0;
  maps.forEach(([rows, columns], k) => {
    const shapes = shapesOf(plan, k);
    const step = plan.steps[k];
    const [stepY, stepX] = typeof step === 'number' ? [step, step] : step;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [(column + 0.5) * stepX, (row + 0.5) * stepY];
        for (const [width, height] of shapes) {
          const halfWidth = 0.5 * Math.min(1, width) * picture.width;
          const halfHeight = 0.5 * Math.min(1, height) * picture.height;
          boxes[at++] = x - halfWidth;
          boxes[at++] = y - halfHeight;
          boxes[at++] = x + halfWidth;
          boxes[at++] = y + halfHeight;
        }
      }
    }
  });
  return boxes;
}

/** Width and height of each box at a pixel of map k, as shares of the picture. */
function shapesOf({ scales, ratios }: DefaultBoxPlan, k: number): [number, number][] {
  const size = scales[k];
  const between = Math.sqrt(size * scales[k + 1]);
  const shapes: [number, number][] = [
    [size, size],
    [between, between],
  ];
  for (const ratio of ratios[k]) {
    const root = Math.sqrt(ratio);
    shapes.push([size * root, size / root], [size / root, size * root]);
  }
  return shapes;
}
