/**
 * Faster R-CNN (Ren et al., arXiv 1506.01497) on a ResNet whose layers may be binary, with a feature pyramid (arXiv 1612.03144) or on
 * stage 3 alone (C4), with torchvision's names, samples, losses and thresholds: how it is built.
 */
import { layerCalls } from '@surge-bnn/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { backbone } from './backbone.js';
import type { Detector } from './detector.js';
import { freezeNorms } from './graph.js';
import { denseHead, proposalHead, stageHead } from './heads.js';
import { checkedOptions, type DetectorContext, type FasterRcnnChoices } from './options.js';
import { pyramid } from './pyramid.js';
import { TwoStageDetector } from './two-stage.js';

/**
 * @param context its `classes` are those besides the background, its `inputShape` any size that pictures may have: all multiples of
 *   the detector's `multiple` will do.
 * @throws InputError for an option that is not allowed, or a backbone without four stages.
 */
export function fasterRcnn(given: FasterRcnnChoices, context: DetectorContext): Detector {
  const options = checkedOptions(given, context);
  const { neck, anchorSizes, anchorRatios: ratios } = options;
  const isPyramid = neck === 'fpn';
  const base = backbone(options.backbone, isPyramid ? 4 : 3, context);
  const stages = base.stages.map(({ map }) => map);
  const maps = isPyramid ? pyramid(stages, options, context) : [stages[2]];
  const anchorShapes = isPyramid
    ? anchorSizes.map((size) => ({ sizes: [size], ratios }))
    : [{ sizes: anchorSizes, ratios }];
  const perPixel = anchorShapes[0].sizes.length * ratios.length;
  const { objectness, deltas } = proposalHead(maps, perPixel, options, context);
  const head = isPyramid
    ? denseHead(options.neckWidth, options, context)
    : stageHead(base, context);
  const seen = [...maps, ...objectness, ...deltas];
  const said = [head.logits, head.deltas];
  const body = layerCalls(tfl.model({ inputs: base.input, outputs: seen }));
  const tail = layerCalls(tfl.model({ inputs: head.input, outputs: said }));
  const name = `faster-rcnn-${neck}`;
  return new TwoStageDetector(
    {
      name,
      model: tfl.model({
        name,
        inputs: [base.input, head.input],
        outputs: [...seen, ...said],
      }),
      classes: context.classes,
      multiple: 8 * base.stages[0].stride,
      body,
      tail,
      anchorShapes,
      firstStride: base.stages[isPyramid ? 0 : 2].stride,
      // P6 is too coarse to read a region from.
      mapsRead: isPyramid ? maps.length - 1 : 1,
      bins: head.bins,
      frozen: options.frozenNorms ? freezeNorms([body, tail], /^(bn|layer)\d/) : new Set(),
    },
    options,
  );
}
