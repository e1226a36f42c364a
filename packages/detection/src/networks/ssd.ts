/**
 * SSD300 (Liu et al., arXiv 1512.02325) on a VGG-16 whose layers may be binary, with torchvision's names, default boxes, matching, loss and
 * thresholds: how it is built. Of another size than 300 the maps and default boxes follow from the size.
 */
import { layerCalls } from '@surge-bnn/core';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Detector } from './detector.js';
import { freezeNorms } from './graph.js';
import type { DetectorContext } from './options.js';
import { SingleShotDetector } from './single-shot.js';
import { ssdBackbone } from './ssd-backbone.js';
import { featureMaps, predictions } from './ssd-layers.js';
import { checkedSsdOptions, type SsdChoices } from './ssd-options.js';

/**
 * @param context its `classes` are those besides the background, its `inputShape` the size that pictures have. At 300x300 there are the published maps
 *   of 38, 19, 10, 5, 3 and 1 pixels and 8,732 default boxes.
 * @throws InputError for an option that is not allowed.
 */
export function ssd300(given: SsdChoices, context: DetectorContext): Detector {
  const options = checkedSsdOptions(given, context);
  const { scales, ratios } = options;
  const base = ssdBackbone(options.backbone, context);
  const maps = featureMaps(base, options, context);
  const plan = { scales, ratios, steps: arithmetic.ssd300Plan.steps };
  const perPixel = maps.map((_, k) => arithmetic.defaultBoxesPerPixel(plan, k));
  const { logits, deltas } = predictions(maps, perPixel, options, context);
  const name = 'ssd300';
  const model = tfl.model({ name, inputs: base.input, outputs: [...logits, ...deltas] });
  const body = layerCalls(model);
  return new SingleShotDetector(
    {
      name,
      model,
      body,
      classes: context.classes,
      frozen: options.frozenNorms ? freezeNorms([body], /^features\./) : new Set(),
    },
    options,
  );
}
