/** A Faster R-CNN at work: proposals from the picture, classes and boxes from the proposals, and the losses of both stages. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { CallGraph, Model } from '@surge-bnn/core';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { proposalLoss } from '../losses/proposal-loss.js';
import { regionLoss } from '../losses/region-loss.js';
import { pyramidRoiAlign } from '../ops/pyramid-roi-align.js';
import { anchorTargets } from '../training/anchor-targets.js';
import { regionTargets } from '../training/region-targets.js';
import type { Uniform } from '../training/sampler.js';
import { usableTruth, type Truth } from '../training/truth.js';
import { freeing, joined, named } from './answers.js';
import type {
  DetectionLosses,
  Detector,
  DetectOptions,
  PictureBatch,
  TwoStageShipping,
} from './detector.js';
import { outputsOf } from './graph.js';
import type { Mode } from './graph.js';
import type { FasterRcnnOptions, ProposalCounts } from './options.js';

/** Least width and height of a proposal, in pixels: torchvision's. */
const SMALLEST = 1e-3;

export interface TwoStageParts {
  readonly name: string;
  /** All layers. */
  readonly model: Model;
  readonly classes: number;
  readonly multiple: number;
  /** Pictures to maps, then the objectness of each map, then its deltas. */
  readonly body: CallGraph;
  /** Bins of a region to class logits and deltas. */
  readonly tail: CallGraph;
  /** Of each map, the finest first. */
  readonly anchorShapes: readonly arithmetic.AnchorShapes[];
  /** Stride of the finest map; of each next one twice that. */
  readonly firstStride: number;
  /** How many maps regions are read from, and the rows and columns of bins. */
  readonly mapsRead: number;
  readonly bins: number;
  /** Batch norms that keep to their moving statistics. */
  readonly frozen: ReadonlySet<tfl.layers.Layer>;
}

/** What the proposal network says of a batch, map by map. */
interface Seen {
  readonly maps: readonly Tensor4D[];
  readonly anchors: readonly arithmetic.Boxes[];
  /** [pictures, anchors, 1] and [pictures, anchors, 4]. */
  readonly objectness: readonly Tensor3D[];
  readonly deltas: readonly Tensor3D[];
}

/** @see fasterRcnn, which makes one. */
export class TwoStageDetector implements Detector {
  readonly model: Model;
  readonly classes: number;
  readonly multiple: number;
  private isDisposed = false;

  constructor(
    private readonly parts: TwoStageParts,
    private readonly options: FasterRcnnOptions,
  ) {
    ({ model: this.model, classes: this.classes, multiple: this.multiple } = parts);
  }

  losses(batch: PictureBatch, truths: readonly Truth[], uniform: Uniform): DetectionLosses {
    const { sizes } = batch;
    if (truths.length !== sizes.length) {
      throw new InputError(
        `${this.parts.name}: ${sizes.length} pictures need as many truths, got ${truths.length}`,
      );
    }
    const usable = truths.map((truth, i) =>
      usableTruth(truth, sizes[i], this.classes, `picture ${i} of the batch`),
    );
    const { anchors, regions, trainingProposals } = this.options;
    return tf.tidy(() => {
      const seen = this.look(batch, 'training');
      const all = joined(seen.anchors);
      const first = usable.map((truth) => anchorTargets(truth, all, anchors, uniform));
      const found = this.proposals(seen, sizes, trainingProposals);
      const logits = tf.concat([...seen.objectness], 1);
      const objectness = tf.reshape<tf.Rank.R2>(logits, [sizes.length, -1]);
      const deltas = tf.concat([...seen.deltas], 1);
      const ofProposals = proposalLoss(objectness, deltas, first);
      const second = usable.map((truth, i) => regionTargets(truth, found[i], regions, uniform));
      const drawn = second.map(({ boxes }) => boxes);
      const said = this.judge(seen, drawn, 'training');
      const ofRegions = regionLoss(said.logits, said.deltas, second);
      const parts = {
        objectness: ofProposals.classification,
        proposalBox: ofProposals.box,
        classification: ofRegions.classification,
        box: ofRegions.box,
      };
      return { total: tf.addN(Object.values(parts)), parts };
    });
  }

  detect(batch: PictureBatch, options: DetectOptions = {}): arithmetic.Detections[] {
    const mode = options.canonical === true ? { linear: options.linear } : 'evaluation';
    const { proposals, logits, deltas } = freeing(() => {
      const seen = this.look(batch, mode);
      const found = this.proposals(seen, batch.sizes, this.options.proposals);
      const said = this.judge(seen, found, mode);
      return {
        proposals: found,
        logits: said.logits.dataSync<'float32'>(),
        deltas: said.deltas.dataSync<'float32'>(),
      };
    });
    const classes = this.classes + 1;
    const { weights } = this.options.regions;
    let to = 0;
    return proposals.map((boxes, picture) => {
      const from = to;
      to += boxes.length / 4;
      const said = {
        logits: logits.subarray(classes * from, classes * to),
        deltas: deltas.subarray(4 * classes * from, 4 * classes * to),
      };
      return named('roi_heads.box_predictor', () =>
        arithmetic.classDetections(boxes, said, classes, batch.sizes[picture], {
          ...this.options.detections,
          weights,
        }),
      );
    });
  }

  get shipping(): TwoStageShipping {
    const { body, tail, anchorShapes, mapsRead, firstStride, bins } = this.parts;
    const { anchors, proposals, regions, samplingRatio, aligned, detections } = this.options;
    // The map for proposals alone is nobody's output.
    const count = anchorShapes.length;
    const outputs = [...body.outputs.slice(0, mapsRead), ...body.outputs.slice(count)];
    return {
      body: { ...body, outputs },
      tail,
      plan: {
        kind: 'two-stage',
        multiple: this.multiple,
        anchors: anchorShapes,
        proposals: { ...proposals, smallest: SMALLEST, weights: anchors.weights },
        regions: {
          maps: mapsRead,
          firstLevel: Math.log2(firstStride),
          bins,
          samplingRatio,
          aligned,
          weights: regions.weights,
        },
        detections,
      },
    };
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    // Not model.dispose(): TF.js's layers count a use for each time that they were applied, and would keep theirs.
    for (const weight of new Set(this.model.weights)) weight.dispose();
  }

  /** The first stage; its tensors live until the caller's tidy ends. */
  private look({ pictures, sizes }: PictureBatch, mode: Mode): Seen {
    const { name, body, anchorShapes } = this.parts;
    const [batch, height, width] = pictures.shape;
    if (batch !== sizes.length || height % this.multiple !== 0 || width % this.multiple !== 0) {
      throw new InputError(
        `${name}: a batch must have a size for each picture, and its height and width must be multiples of ${this.multiple}, got [${pictures.shape}] and ${sizes.length} sizes`,
      );
    }
    const values = outputsOf(body, pictures, mode, this.parts.frozen);
    const count = anchorShapes.length;
    const flat = (from: number, size: number) =>
      values
        .slice(from, from + count)
        .map((value) => tf.reshape<tf.Rank.R3>(value, [batch, -1, size]));
    const maps = values.slice(0, count) as Tensor4D[];
    const anchors = maps.map(({ shape: [, rows, columns] }, level) => {
      // As torchvision spreads them: over P6, whose last pixel may lie half outside, less than its stride of 64.
      const [strideY, strideX] = [Math.floor(height / rows), Math.floor(width / columns)];
      const grid = { height: rows, width: columns, strideY, strideX };
      return arithmetic.gridAnchors(anchorShapes[level], grid);
    });
    return { maps, anchors, objectness: flat(count, 1), deltas: flat(2 * count, 4) };
  }

  private proposals(
    { anchors, objectness, deltas }: Seen,
    sizes: PictureBatch['sizes'],
    counts: ProposalCounts,
  ): arithmetic.Boxes[] {
    const { weights } = this.options.anchors;
    const levels = anchors.map((ofLevel, k) => ({
      anchors: ofLevel,
      objectness: objectness[k].dataSync<'float32'>(),
      deltas: deltas[k].dataSync<'float32'>(),
    }));
    return sizes.map((size, picture) => {
      const ofPicture = levels.map((level) => {
        const [from, to] = [picture, picture + 1].map((i) => (i * level.anchors.length) / 4);
        return {
          anchors: level.anchors,
          objectness: level.objectness.subarray(from, to),
          deltas: level.deltas.subarray(4 * from, 4 * to),
        };
      });
      return named('rpn.head', () =>
        arithmetic.selectProposals(ofPicture, size, { ...counts, smallest: SMALLEST, weights }),
      ).boxes;
    });
  }

  /** The second stage on the boxes of all pictures, one picture behind the other; without a box, no rows. */
  private judge({ maps }: Seen, boxes: readonly arithmetic.Boxes[], mode: Mode) {
    const { tail, mapsRead, firstStride, bins } = this.parts;
    const pictures = boxes.flatMap((of, i) => Array<number>(of.length / 4).fill(i));
    const classes = this.classes + 1;
    if (pictures.length === 0) {
      return {
        logits: tf.zeros<tf.Rank.R2>([0, classes]),
        deltas: tf.zeros<tf.Rank.R2>([0, 4 * classes]),
      };
    }
    const { samplingRatio, aligned } = this.options;
    const regions = { boxes: joined(boxes), pictures: Int32Array.from(pictures) };
    const pooled = pyramidRoiAlign(maps.slice(0, mapsRead), regions, {
      height: bins,
      width: bins,
      samplingRatio,
      aligned,
      firstLevel: Math.log2(firstStride),
    });
    const [logits, deltas] = outputsOf(tail, pooled, mode, this.parts.frozen);
    return { logits: logits as Tensor2D, deltas: deltas as Tensor2D };
  }
}
