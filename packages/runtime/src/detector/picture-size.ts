/** How large a picture becomes for a detector, and where its boxes lie in the picture that was given. */
import type { Boxes, PictureSize } from '../boxes/box.js';
import type { SizeRule, TwoStagePlan } from './plan.js';

/**
 * The size that a picture is resized to. Of a short and a long side: scale = min(short / min(w, h), long / max(w, h)), and whole
 * pixels nearest to the scaled sides, as the pictures of the training have it.
 */
export function resizedSize({ width, height }: PictureSize, rule: SizeRule): PictureSize {
  if ('width' in rule) return { width: rule.width, height: rule.height };
  const { shortSide, longSide } = rule;
  const scale = Math.min(shortSide / Math.min(width, height), longSide / Math.max(width, height));
  const side = (value: number) => Math.max(1, Math.floor(value * scale + 0.5));
  return { width: side(width), height: side(height) };
}

/** The size of the body's input for a resized picture: zeros fill it up to the right and below. */
export function paddedSize(
  { width, height }: PictureSize,
  { multiple }: Pick<TwoStagePlan, 'multiple'>,
): PictureSize {
  const side = (value: number) => multiple * Math.ceil(value / multiple);
  return { width: side(width), height: side(height) };
}

/** Boxes of the resized picture in pixels of the one that was given, clipped to it; in float64, rounded once. */
export function boxesInPicture(boxes: Boxes, resized: PictureSize, picture: PictureSize): Boxes {
  const scales = [resized.width / picture.width, resized.height / picture.height];
  const most = [picture.width, picture.height];
  return boxes.map((value, i) => Math.min(most[i % 2], Math.max(0, value / scales[i % 2])));
}
