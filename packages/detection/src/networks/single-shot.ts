/** An SSD at work: classes and moves of default boxes from the picture, their loss, and what is detected. */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { InputError } from '@surge-bnn/contract';
import type { CallGraph, Model } from '@surge-bnn/core';
import { boxes as arithmetic } from '@surge-bnn/runtime';
import { multiboxLoss } from '../losses/multibox-loss.js';
import type { StageLoss } from '../losses/proposal-loss.js';
import { defaultBoxTargets } from '../training/default-box-targets.js';
import { usableTruth, type Truth } from '../training/truth.js';
import { freeing } from './answers.js';
import type {
  DetectionLosses,
  Detector,
  DetectOptions,
  PictureBatch,
  SingleShotShipping,
} from './detector.js';
import { outputsOf } from './graph.js';
import type { Mode } from './graph.js';
import { MAPS, type SsdOptions } from './ssd-options.js';

/** Strides of the maps that keep to the grid of the backbone's; the last two stand on the picture as a whole. */
const STRIDES = [8, 16, 32, 64];

export interface SingleShotParts {
  readonly name: string;
  readonly model: Model;
  /** Pictures to the logits of each map, then its deltas. */
  readonly body: CallGraph;
  readonly classes: number;
  /** Batch norms that keep to their moving statistics. */
  readonly frozen: ReadonlySet<tfl.layers.Layer>;
}

/** What the network says of a batch. */
interface Seen {
  readonly defaults: arithmetic.Boxes;
  /** [pictures, default boxes, classes and the background] and [pictures, default boxes, 4]. */
  readonly logits: Tensor3D;
  readonly deltas: Tensor3D;
}

/** @see ssd300, which makes one. */
export class SingleShotDetector implements Detector {
  readonly model: Model;
  readonly classes: number;
  /** Any size that leaves a pixel on each map will do. */
  readonly multiple = 1;
  private isDisposed = false;
  /** Default boxes of the last size seen. */
  private known: { readonly size: string; readonly boxes: arithmetic.Boxes } | undefined;

  constructor(
    private readonly parts: SingleShotParts,
    private readonly options: SsdOptions,
  ) {
    ({ model: this.model, classes: this.classes } = parts);
  }

  /** No samples are drawn: the hardest negatives count. */
  losses(batch: PictureBatch, truths: readonly Truth[]): DetectionLosses {
    const { sizes } = batch;
    if (truths.length !== sizes.length) {
      throw new InputError(
        `${this.parts.name}: ${sizes.length} pictures need as many truths, got ${truths.length}`,
      );
    }
    const usable = truths.map((truth, i) =>
      usableTruth(truth, sizes[i], this.classes, `picture ${i} of the batch`),
    );
    return tf.tidy(() => {
      const { defaults, logits, deltas } = this.look(batch, 'training');
      const targets = usable.map((truth) =>
        defaultBoxTargets(truth, defaults, this.options.targets),
      );
      const isEmpty = targets.every(({ positive }) => positive.length === 0);
      const parts = isEmpty ? nothing(logits, deltas) : multiboxLoss(logits, deltas, targets);
      const { classification, box } = parts;
      return { total: tf.add<tf.Scalar>(classification, box), parts: { classification, box } };
    });
  }

  detect(
    batch: PictureBatch,
    { canonical = false, linear }: DetectOptions = {},
  ): arithmetic.Detections[] {
    const { defaults, logits, deltas } = freeing(() => {
      const seen = this.look(batch, canonical ? { linear } : 'evaluation');
      return {
        defaults: seen.defaults,
        logits: seen.logits.dataSync<'float32'>(),
        deltas: seen.deltas.dataSync<'float32'>(),
      };
    });
    const classes = this.classes + 1;
    const count = defaults.length / 4;
    return batch.sizes.map((size, picture) => {
      const [from, to] = [picture * count, (picture + 1) * count];
      const said = {
        logits: logits.subarray(classes * from, classes * to),
        deltas: deltas.subarray(4 * from, 4 * to),
      };
      const { targets, detections } = this.options;
      const options = { ...detections, weights: targets.weights };
      return arithmetic.classDetections(defaults, said, classes, size, options);
    });
  }

  get shipping(): SingleShotShipping {
    const { scales, ratios, targets, detections } = this.options;
    return {
      body: this.parts.body,
      plan: {
        kind: 'single-shot',
        defaultBoxes: { scales, ratios, strides: STRIDES, weights: targets.weights },
        detections: { ...detections, smallest: detections.smallest ?? 0 },
      },
    };
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    // Not model.dispose(): TF.js's layers count a use for each time that they were applied, and would keep theirs.
    for (const weight of new Set(this.model.weights)) weight.dispose();
  }

  /**
   * The network's outputs; they live until the caller's tidy ends. As torchvision has it, the default boxes are shares of the batch, padding
   * included: a picture of another size has others, which is why recipes bring all pictures to one.
   */
  private look({ pictures, sizes }: PictureBatch, mode: Mode): Seen {
    const { name, body, frozen } = this.parts;
    const [batch, height, width] = pictures.shape;
    if (batch !== sizes.length || batch === 0) {
      throw new InputError(
        `${name}: a batch must have one picture or more and a size for each, got [${pictures.shape}] and ${sizes.length} sizes`,
      );
    }
    const values = outputsOf(body, pictures, mode, frozen);
    values.forEach((value, i) => refuseNotFinite(value, body.calls, body.outputs[i]));
    const flat = (of: readonly Tensor[], size: number) =>
      tf.concat(
        of.map((value) => tf.reshape<tf.Rank.R3>(value, [batch, -1, size])),
        1,
      );
    const maps = (values.slice(0, MAPS) as Tensor4D[]).map(
      ({ shape: [, rows, columns] }) => [rows, columns] as const,
    );
    return {
      defaults: this.defaultBoxes(maps, { width, height }),
      logits: flat(values.slice(0, MAPS), this.classes + 1),
      deltas: flat(values.slice(MAPS), 4),
    };
  }

  private defaultBoxes(
    maps: readonly (readonly [rows: number, columns: number])[],
    picture: arithmetic.PictureSize,
  ): arithmetic.Boxes {
    const { width, height } = picture;
    const size = `${width}x${height}`;
    if (this.known?.size === size) return this.known.boxes;
    const { scales, ratios } = this.options;
    const steps = maps.map(
      ([rows, columns], k) => STRIDES[k] ?? ([height / rows, width / columns] as const),
    );
    const boxes = arithmetic.defaultBoxes({ scales, ratios, steps }, maps, picture);
    this.known = { size, boxes };
    return boxes;
  }
}

/** The losses of a batch where no default box is on an object: 0, and a gradient of 0 for what the network is made of. */
function nothing(logits: Tensor3D, deltas: Tensor3D): StageLoss {
  const none = <T extends Tensor>(x: T) => tf.add<tf.Scalar>(tf.mul(tf.sum(x), 0), 0); // a sum of 0, not of -0
  return { classification: none(logits), box: none(deltas) };
}

/** @throws InputError naming the layer that gave the output. */
function refuseNotFinite(value: Tensor, calls: CallGraph['calls'], output: number): void {
  const broken = value.dataSync<'float32'>().find((one) => !Number.isFinite(one));
  if (broken === undefined) return;
  const layer = calls.find((call) => call.output === output)?.layer.name ?? '';
  throw new InputError(
    `layer "${layer.replace(/\.(bias|norm)$/, '')}": the output holds ${Number.isNaN(broken) ? 'a NaN' : broken}; look for broken data or a learning rate that is too high`,
  );
}
