/**
 * Faster R-CNN (Ren et al., arXiv 1506.01497) on a ResNet whose layers may be binary, with a feature pyramid (arXiv 1612.03144) or on
 * stage 3 alone (C4), with torchvision's names, samples, losses and thresholds.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { model as modelOf } from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import { layerCalls } from '@surge-bnn/core';
import { boxes as arithmetic, elementwise } from '@surge-bnn/runtime';
import { proposalLoss } from '../losses/proposal-loss.js';
import { regionLoss } from '../losses/region-loss.js';
import { pyramidRoiAlign } from '../ops/pyramid-roi-align.js';
import { anchorTargets } from '../training/anchor-targets.js';
import { regionTargets } from '../training/region-targets.js';
import { usableTruth } from '../training/truth.js';
import { backbone } from './backbone.js';
import type { DetectionLosses, Detector, PictureBatch } from './detector.js';
import { batchNorms, run } from './graph.js';
import { denseHead, proposalHead, stageHead } from './heads.js';
import {
  checkedOptions,
  type DetectorContext,
  type FasterRcnnOptions,
  type ProposalCounts,
} from './options.js';
import { pyramid } from './pyramid.js';

/** Least width and height of a proposal, in pixels: torchvision's. */
const SMALLEST = 1e-3;

/** @throws InputError for an option that is not allowed, or a backbone without four stages. */
export function fasterRcnn(given: Partial<FasterRcnnOptions>, context: DetectorContext): Detector {
  const options = checkedOptions(given);
  const isPyramid = options.neck === 'fpn';
  const base = backbone(options.backbone, isPyramid ? 4 : 3, context);
  const frozen = new Set<tfl.layers.Layer>();
  const stages = base.stages.map(({ map }) => map);
  const strides = base.stages.map(({ stride }) => stride);
  // Maps that proposals come from, and those of them that regions are read from.
  const maps = isPyramid ? pyramid(stages, options, context) : [stages[2]];
  const read = isPyramid ? maps.length - 1 : 1;
  const firstStride = isPyramid ? strides[0] : strides[2];
  const shapes = maps.map((_, level) => ({
    sizes: isPyramid ? [options.anchorSizes[level]] : options.anchorSizes,
    ratios: options.anchorRatios,
  }));
  const perPixel = shapes[0].sizes.length * options.anchorRatios.length;
  const rpn = proposalHead(maps, perPixel, options, context);
  const head = isPyramid
    ? denseHead(options.neckWidth, options, context)
    : stageHead(base, context);

  const outputs = [...maps, ...rpn.objectness, ...rpn.deltas];
  const ends = [head.logits, head.deltas];
  const body = layerCalls(modelOf({ inputs: base.input, outputs }));
  const tail = layerCalls(modelOf({ inputs: head.input, outputs: ends }));
  const name = `faster-rcnn-${options.neck}`;
  const inputs = [base.input, head.input];
  const model = modelOf({ name, inputs, outputs: [...outputs, ...ends] });
  if (options.frozenNorms) {
    for (const norm of [...batchNorms(body), ...batchNorms(tail)]) {
      if (!/^(layer\d\.|bn\d)/.test(norm.name)) continue;
      frozen.add(norm);
      norm.trainable = false;
    }
  }

  /** The proposal network on a batch; tensors that the caller's tidy frees. */
  function look({ pictures, sizes }: PictureBatch, training: boolean) {
    checkBatch(pictures, sizes.length);
    const values = run(body, [pictures], { training, frozen });
    const level = (i: number) => values.slice(i * maps.length, (i + 1) * maps.length);
    const anchors = level(0).map((map, k) => {
      const stride = firstStride * 2 ** k;
      const [, height, width] = map.shape;
      const grid = { height, width, strideY: stride, strideX: stride };
      return arithmetic.gridAnchors(shapes[k], grid);
    });
    const flat = (tensors: Tensor[], size: number) =>
      tensors.map((t) => tf.reshape(t, [sizes.length, -1, size]));
    const objectness = flat(level(1), 1);
    const deltas = flat(level(2), 4);
    return { maps: level(0) as Tensor4D[], anchors, objectness, deltas };
  }

  function proposalsOf(
    { anchors, objectness, deltas }: ReturnType<typeof look>,
    sizes: PictureBatch['sizes'],
    counts: ProposalCounts,
  ): arithmetic.Boxes[] {
    const numbers = anchors.map((_, k) => [
      objectness[k].dataSync<'float32'>(),
      deltas[k].dataSync<'float32'>(),
    ]);
    return sizes.map((size, picture) => {
      const levels = anchors.map((ofLevel, k) => {
        const count = ofLevel.length / 4;
        const part = (values: Float32Array, each: number) =>
          values.subarray(picture * count * each, (picture + 1) * count * each);
        const [logits, moves] = numbers[k];
        return { anchors: ofLevel, objectness: part(logits, 1), deltas: part(moves, 4) };
      });
      const { weights } = options.anchors;
      return named('rpn.head', () =>
        arithmetic.selectProposals(levels, size, { ...counts, smallest: SMALLEST, weights }),
      ).boxes;
    });
  }

  /** The head on the boxes of all pictures; without any box, no rows. */
  function judge(seen: Tensor4D[], boxes: readonly arithmetic.Boxes[], training: boolean) {
    const count = boxes.reduce((sum, of) => sum + of.length / 4, 0);
    const classes = context.classes + 1;
    if (count === 0) {
      return { logits: tf.zeros([0, classes]), deltas: tf.zeros([0, 4 * classes]) };
    }
    const regions = {
      boxes: Float32Array.from(boxes.flatMap((of) => Array.from(of))),
      pictures: Int32Array.from(boxes.flatMap((of, i) => Array<number>(of.length / 4).fill(i))),
    };
    const { samplingRatio, aligned } = options;
    const pooled = pyramidRoiAlign(seen.slice(0, read), regions, {
      height: head.bins,
      width: head.bins,
      samplingRatio,
      aligned,
      firstLevel: Math.log2(firstStride),
    });
    const [logits, deltas] = run(tail, [pooled], { training, frozen });
    return { logits, deltas };
  }

  const multiple = strides[0] * 8;
  function checkBatch(pictures: Tensor4D, count: number): void {
    const [batch, height, width] = pictures.shape;
    if (batch === count && height % multiple === 0 && width % multiple === 0) return;
    throw new InputError(
      `${name}: a batch must have a size for each picture, and its height and width must be multiples of ${multiple}, got [${pictures.shape}] and ${count} sizes`,
    );
  }

  return {
    model,
    classes: context.classes,
    multiple,
    losses(batch, truths, uniform): DetectionLosses {
      if (truths.length !== batch.sizes.length) {
        throw new InputError(
          `${name}: ${batch.sizes.length} pictures need as many truths, got ${truths.length}`,
        );
      }
      const usable = truths.map((truth, i) =>
        usableTruth(truth, batch.sizes[i], context.classes, `picture ${i} of the batch`),
      );
      return tf.tidy(() => {
        const seen = look(batch, true);
        const all = joined(seen.anchors);
        const first = usable.map((truth) => anchorTargets(truth, all, options.anchors, uniform));
        const found = proposalsOf(seen, batch.sizes, options.trainingProposals);
        const objectness = tf.reshape(tf.concat(seen.objectness, 1), [truths.length, -1]);
        const rpnLoss = proposalLoss(
          objectness as Tensor2D,
          tf.concat(seen.deltas, 1) as Tensor3D,
          first,
        );
        const second = usable.map((truth, i) =>
          regionTargets(truth, found[i], options.regions, uniform),
        );
        const said = judge(
          seen.maps,
          second.map(({ boxes }) => boxes),
          true,
        );
        const headLoss = regionLoss(said.logits as Tensor2D, said.deltas as Tensor2D, second);
        const parts = {
          objectness: rpnLoss.classification,
          proposalBox: rpnLoss.box,
          classification: headLoss.classification,
          box: headLoss.box,
        };
        return { total: tf.addN(Object.values(parts)), parts };
      });
    },
    detect(batch) {
      return freeing(() => {
        const seen = look(batch, false);
        const found = proposalsOf(seen, batch.sizes, options.proposals);
        const said = judge(seen.maps, found, false);
        const logits = said.logits.dataSync<'float32'>();
        const deltas = said.deltas.dataSync<'float32'>();
        let row = 0;
        return batch.sizes.map((size, i) => {
          const [from, to] = [row, row + found[i].length / 4];
          row = to;
          const classes = context.classes + 1;
          const moves = deltas.subarray(4 * classes * from, 4 * classes * to);
          const decoded = arithmetic.decodeBoxes(found[i], moves, options.regions.weights);
          arithmetic.clipBoxes(decoded, size);
          const scores = probabilities(logits.subarray(classes * from, classes * to), classes);
          return named('roi_heads.box_predictor', () =>
            arithmetic.selectDetections(decoded, scores, classes, options.detections),
          );
        });
      });
    },
  };
}

/** What `work` gives, without the tensors that it made. */
function freeing<T>(work: () => T): T {
  const results: T[] = [];
  tf.tidy(() => void results.push(work()));
  return results[0];
}

/** Softmax of each row, as packed models compute it. */
function probabilities(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    elementwise.softmax(logits, at, classes, out.subarray(at, at + classes));
  }
  return out;
}

function joined(parts: readonly arithmetic.Boxes[]): arithmetic.Boxes {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The arithmetic's refusal of a NaN, with the layers that it came from. */
function named<T>(layers: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      `layers "${layers}.*": ${error.message}; look for broken data or a learning rate that is too high`,
      { cause: error },
    );
  }
}
