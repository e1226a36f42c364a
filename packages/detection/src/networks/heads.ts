/** The two heads of Faster R-CNN (arXiv 1506.01497): the region proposal network, and what looks at its proposals. */
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { averaged } from './averaged.js';
import type { Backbone } from './backbone.js';
import type { DetectorContext, FasterRcnnOptions } from './options.js';
import { dense, on, pixelPrediction, rowPrediction, sharedConv } from './parts.js';

/** For each map: logits [.., rows, columns, anchors] and dx, dy, dw, dh [.., rows, columns, 4 anchors]. */
export interface ProposalOutputs {
  readonly objectness: readonly SymbolicTensor[];
  readonly deltas: readonly SymbolicTensor[];
}

/** A 3x3 convolution, a relu or hardtanh, and two 1x1 convolutions in float, the same on every map. */
export function proposalHead(
  maps: readonly SymbolicTensor[],
  anchorsPerPixel: number,
  { proposalPrecision: precision, momentum }: FasterRcnnOptions,
  context: DetectorContext,
): ProposalOutputs {
  const channels = Number(maps[0].shape[3]);
  const shared = sharedConv('rpn.head.conv', channels, { precision, momentum }, context);
  const logits = pixelPrediction('rpn.head.cls_logits', anchorsPerPixel, context);
  const deltas = pixelPrediction('rpn.head.bbox_pred', 4 * anchorsPerPixel, context);
  const features = maps.map(shared);
  return { objectness: features.map(logits), deltas: features.map(deltas) };
}

/** What a head reads and says: bins of a proposal in, logits and a box for each class out, the background first. */
export interface RegionHead {
  readonly input: SymbolicTensor;
  /** Rows and columns of bins. */
  readonly bins: number;
  readonly logits: SymbolicTensor;
  readonly deltas: SymbolicTensor;
}

/** FPN's head: two dense layers on 7x7 bins. */
export function denseHead(
  channels: number,
  { headPrecision, headWidth, momentum }: FasterRcnnOptions,
  context: DetectorContext,
): RegionHead {
  const options = { precision: headPrecision, momentum };
  const bins = 7;
  const input = tfl.input({ name: 'regions', shape: [bins, bins, channels] });
  const flat = on(tfl.layers.flatten({ name: 'roi_heads.flat' }), input);
  const first = dense('roi_heads.box_head.fc6', headWidth, options, context)(flat);
  const second = dense('roi_heads.box_head.fc7', headWidth, options, context)(first);
  return { input, bins, ...predictions(second, context) };
}

/** C4's head (He et al., arXiv 1512.03385, section A): stage 4 of the backbone on 14x14 bins, and their mean. */
export function stageHead(backbone: Backbone, context: DetectorContext): RegionHead {
  const map = backbone.stages[2].map;
  const bins = 14;
  const input = tfl.input({ name: 'regions', shape: [bins, bins, Number(map.shape[3])] });
  const features = averaged(backbone.tailOn(input));
  return { input, bins, ...predictions(features, context) };
}

function predictions(features: SymbolicTensor, context: DetectorContext) {
  const classes = context.classes + 1;
  return {
    logits: rowPrediction('roi_heads.box_predictor.cls_score', classes, context)(features),
    deltas: rowPrediction('roi_heads.box_predictor.bbox_pred', 4 * classes, context)(features),
  };
}
