/**
 * Which part of a picture becomes the network's input, as rectangles in whole pixels. Two ways: about the
 * centre, for evaluation, and at random, for training; both as torchvision has them, so that accuracies
 * compare with the literature's.
 */
import type { RandomStream } from '../random.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Box extends Size {
  readonly left: number;
  readonly top: number;
}

/** Cut `before` out, resize that, cut `after` out of the result. Absent: nothing of the kind. */
export interface Fit {
  readonly before?: Box;
  readonly resize?: Size;
  readonly after?: Box;
}

/**
 * Resizes the shorter edge to `resize`, then cuts `size` x `size` about the centre: torchvision's
 * `Resize(resize)` and `CenterCrop(size)`. The longer edge is cut off to whole pixels; `resize` >= `size`.
 */
export function centreFit({ width, height }: Size, resize: number, size: number): Fit {
  const longer = (long: number, short: number) => Math.floor((resize * long) / short);
  const resized =
    width <= height
      ? { width: resize, height: longer(height, width) }
      : { width: longer(width, height), height: resize };
  const isCut = resized.width !== size || resized.height !== size;
  return {
    ...(resized.width === width && resized.height === height ? {} : { resize: resized }),
    ...(isCut
      ? {
          after: {
            left: roundHalfEven((resized.width - size) / 2),
            top: roundHalfEven((resized.height - size) / 2),
            width: size,
            height: size,
          },
        }
      : {}),
  };
}

/**
 * Inception's crop, torchvision's `RandomResizedCrop.get_params`: a share of the area, even in `scale`; an
 * aspect ratio, even in its logarithm; ten tries, then the centre with the nearest allowed ratio.
 *
 * The draws, in this order: area, ratio, and when they fit, top and left.
 */
export function randomBox(
  { width, height }: Size,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  random: RandomStream,
): Box {
  const area = width * height;
  const [low, high] = [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let attempt = 0; attempt < 10; attempt++) {
    const target = area * (scale[0] + (scale[1] - scale[0]) * random.uniform());
    const aspect = Math.exp(low + (high - low) * random.uniform());
    const w = roundHalfEven(Math.sqrt(target * aspect));
    const h = roundHalfEven(Math.sqrt(target / aspect));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const top = random.integer(height - h + 1);
      const left = random.integer(width - w + 1);
      return { left, top, width: w, height: h };
    }
  }
  const inside = width / height;
  let [w, h] = [width, height];
  if (inside < ratio[0]) h = roundHalfEven(w / ratio[0]);
  else if (inside > ratio[1]) w = roundHalfEven(h * ratio[1]);
  return {
    left: Math.floor((width - w) / 2),
    top: Math.floor((height - h) / 2),
    width: w,
    height: h,
  };
}

/** Python's round(): halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
