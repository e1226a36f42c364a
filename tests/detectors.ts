/** Small detectors whose weights and statistics are drawn, so that they see something everywhere without any training. */
import * as tf from '@tensorflow/tfjs-core';
import { leafLayers } from '@surge-bnn/core';
import { randomStream } from '@surge-bnn/data';
import { fasterRcnn, ssd300 } from '@surge-bnn/detection';
import type {
  Detector,
  DetectorContext,
  FasterRcnnChoices,
  SsdChoices,
} from '@surge-bnn/detection';

export const context: DetectorContext = {
  inputBinarizer: 'ste',
  weightBinarizer: 'ste',
  seed: 1,
  inputShape: [64, 96, 3],
  classes: 2,
};

const common: FasterRcnnChoices = {
  backbone: { network: 'imagenet-resnet-18', options: { width: 4 } },
  proposals: { before: 40, after: 20, threshold: 0.7 },
  detections: { leastScore: 0.01, threshold: 0.5, most: 30 },
};

export const binaryParts = {
  proposalPrecision: 'binary',
  neckPrecision: 'binary',
  headPrecision: 'binary',
} as const;

export const fpn: FasterRcnnChoices = {
  ...common,
  neckWidth: 8,
  headWidth: 6,
  anchorSizes: [8, 16, 32, 48, 64],
};

export const c4: FasterRcnnChoices = { ...common, neck: 'c4', anchorSizes: [16, 40] };

/** A detector with drawn weights: batch norms of any statistics, biases, predictions of some size. */
export function drawnDetector(
  options: FasterRcnnChoices,
  given: Partial<DetectorContext> = {},
  seed = 1,
): Detector {
  return drawn(fasterRcnn(options, { ...context, ...given }), seed);
}

/** The backbone and detections of small SSDs. */
export const ssd: SsdChoices = {
  backbone: { network: 'imagenet-vgg-16', options: { width: 4 } },
  detections: { leastScore: 0.01, threshold: 0.45, most: 30, perClass: 40 },
};

export const binarySsd: SsdChoices = { ...ssd, extraPrecision: 'binary', headPrecision: 'binary' };

/** An SSD with weights drawn in the same way, and scales of its L2 norm. */
export function drawnSsd(
  options: SsdChoices,
  given: Partial<DetectorContext> = {},
  seed = 1,
): Detector {
  return drawn(ssd300(options, { ...context, ...given }), seed);
}

function drawn(detector: Detector, seed: number): Detector {
  const stream = randomStream(seed, 'detector');
  for (const layer of new Set(leafLayers(detector.model))) {
    for (const weight of layer.weights) {
      const name = weight.originalName.split('/').at(-1) ?? '';
      const shape = weight.shape.map(Number);
      const draw = drawOf(layer.name, name, shape, () => stream.normal());
      if (draw === undefined) continue;
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw);
      const tensor = tf.tensor(values, shape);
      weight.write(tensor);
      tensor.dispose();
    }
  }
  return detector;
}

/** How a weight is drawn; undefined: it stays as it was made. */
function drawOf(
  layer: string,
  weight: string,
  shape: readonly number[],
  normal: () => number,
): (() => number) | undefined {
  if (weight === 'gamma') return () => 1 + 0.3 * normal();
  if (weight === 'beta' || weight === 'movingMean') return () => 0.3 * normal();
  if (weight === 'movingVariance') return () => 0.5 + normal() ** 2;
  if (weight === 'scale') return () => 20 + 5 * normal();
  if (weight === 'bias') return () => 0.1 * normal();
  if (weight !== 'kernel') return undefined;
  const inputs = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  if (layer.includes('cls_')) return () => (0.1 * normal()) / Math.sqrt(inputs);
  return layer.includes('bbox_pred') ? () => (0.1 * normal()) / Math.sqrt(inputs) : undefined;
}

/** Normalised pictures of a size, zeros beyond each one's own. */
export function drawnBatch(
  size: { readonly width: number; readonly height: number },
  targets: readonly { readonly width: number; readonly height: number }[],
  seed = 1,
) {
  const { width, height } = size;
  const stream = randomStream(seed, 'pictures');
  const images = new Float32Array(targets.length * height * width * 3);
  targets.forEach((own, i) => {
    for (let y = 0; y < own.height; y++) {
      for (let at = 0; at < 3 * own.width; at++) {
        images[3 * (i * height + y) * width + at] = stream.normal();
      }
    }
  });
  return { images, width, height, count: targets.length, targets };
}
