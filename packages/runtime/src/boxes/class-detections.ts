/** From the numbers that a network says of regions or default boxes to what a detector says of a picture. */
import { softmax } from '../kernels/elementwise.js';
import { clipBoxes, type Boxes, type PictureSize } from './box.js';
import { decodeBoxes, type BoxWeights } from './decode.js';
import { selectDetections, type DetectionOptions, type Detections } from './detections.js';

/**
 * Each region's box for each class (or one for all of them) decoded and clipped, its logits made probabilities over background and
 * classes, and the best selected class by class.
 *
 * @param classes with the background, the first. @param logits [regions, classes]. @param deltas [regions, 4 classes] or [regions, 4].
 * @throws NotFiniteError for a NaN.
 */
export function classDetections(
  regions: Boxes,
  { logits, deltas }: { readonly logits: Float32Array; readonly deltas: Float32Array },
  classes: number,
  picture: PictureSize,
  { weights, ...options }: DetectionOptions & { readonly weights: BoxWeights },
): Detections {
  const decoded = decodeBoxes(regions, deltas, weights);
  clipBoxes(decoded, picture);
  const probabilities = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) softmax(logits, at, classes, probabilities);
  return selectDetections(decoded, probabilities, classes, options);
}
