/**
 * RoIAlign (Mask R-CNN, arXiv 1703.06870): a feature map read inside a box, as a grid of bins; each bin is the mean of samples at
 * even distances, each sample the bilinear mix of its four pixels, without any rounding of the box. As torchvision computes
 * it, for maps in NHWC. With it its transpose, the exact gradient at the feature map, which training engines are held against.
 *
 * In a sample's mix w1 v1 + w2 v2 + w3 v3 + w4 v4, in the sum over samples (rows first) and in the division by their
 * number every step is float64 in this order; the bin is rounded once. The transpose adds (weight / number) dy to the four
 * pixels of a sample one by one, in the order of boxes, bins and samples, each sum rounded to float32. So every engine gives the same bits.
 */
import type { Numbers } from '../kernels/float-conv.js';
import type { Boxes } from './box.js';

/** How a box is read. */
export interface RoiAlignOptions {
  /** Pixels of the feature map for one of the picture: 1 / stride. */
  readonly scale: number;
  /** Bins of a box. */
  readonly height: number;
  readonly width: number;
  /** Samples of a bin in each direction; 0: as many as it has pixels of the map, rounded up. */
  readonly samplingRatio: number;
  /**
   * true: a pixel's value stands at its centre, at half coordinates, and a box may be smaller than a pixel. false: it
   * stands at its corner, and boxes are at least one pixel wide and high, as torchvision's Faster R-CNN has it.
   */
  readonly aligned: boolean;
}

/** Feature maps of several pictures, NHWC. */
export interface FeatureShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * @param x feature maps. @param pictures of which picture each box is.
 * @param y [boxes, height, width, channels], every entry is written.
 */
export function roiAlign(
  x: Numbers,
  shape: FeatureShape,
  boxes: Boxes,
  pictures: Int32Array,
  options: RoiAlignOptions,
  y: Float32Array,
): void {
  const { channels } = shape;
  const sums = new Float64Array(channels);
  eachBin(shape, boxes, pictures, options, (bin, samples, count) => {
    sums.fill(0);
    for (const { at, weight } of samples) {
      for (let c = 0; c < channels; c++) {
        const above = weight[0] * x[at[0] + c] + weight[1] * x[at[1] + c];
        sums[c] += above + weight[2] * x[at[2] + c] + weight[3] * x[at[3] + c];
      }
    }
    for (let c = 0; c < channels; c++) y[bin * channels + c] = sums[c] / count;
  });
}

/** dx = the sum of dy over all that read a pixel, with the weights that they read it with; every entry is written. */
export function roiAlignGradient(
  dy: Float32Array,
  shape: FeatureShape,
  boxes: Boxes,
  pictures: Int32Array,
  options: RoiAlignOptions,
  dx: Float32Array,
): void {
  const { channels } = shape;
  dx.fill(0);
  eachBin(shape, boxes, pictures, options, (bin, samples, count) => {
    for (const { at, weight } of samples) {
      for (let k = 0; k < 4; k++) {
        const share = weight[k] / count;
        for (let c = 0; c < channels; c++) dx[at[k] + c] += share * dy[bin * channels + c];
      }
    }
  });
}

/** Where in x the four pixels of a sample begin, and their weights: top left, top right, bottom left, bottom right. */
interface Sample {
  readonly at: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
}

/** Both neighbours of a coordinate and their weights. */
interface Neighbours {
  readonly low: number;
  readonly high: number;
  readonly lowWeight: number;
  readonly highWeight: number;
}

/** @param work gets the bin's number, its samples that lie on the map, and what their sum is divided by. */
function eachBin(
  { height, width, channels }: FeatureShape,
  boxes: Boxes,
  pictures: Int32Array,
  { scale, samplingRatio, aligned, ...bins }: RoiAlignOptions,
  work: (bin: number, samples: readonly Sample[], count: number) => void,
): void {
  const offset = aligned ? 0.5 : 0;
  for (let r = 0; r < pictures.length; r++) {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => boxes[4 * r + k] * scale - offset);
    const boxWidth = aligned ? x2 - x1 : Math.max(x2 - x1, 1);
    const boxHeight = aligned ? y2 - y1 : Math.max(y2 - y1, 1);
    const [binHeight, binWidth] = [boxHeight / bins.height, boxWidth / bins.width];
    // A box turned inside out has no samples, and its bins are 0.
    const rows = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(binHeight));
    const columns = samplingRatio > 0 ? samplingRatio : Math.max(0, Math.ceil(binWidth));
    const count = Math.max(rows * columns, 1);
    const picture = pictures[r] * height * width * channels;
    for (let p = 0; p < bins.height; p++) {
      const ys = places(y1 + p * binHeight, binHeight, rows, height);
      for (let q = 0; q < bins.width; q++) {
        const xs = places(x1 + q * binWidth, binWidth, columns, width);
        const samples = ys.flatMap((y) => xs.map((x) => mixed(y, x)));
        work((r * bins.height + p) * bins.width + q, samples, count);
      }
    }

    function mixed(y: Neighbours, x: Neighbours): Sample {
      const pixel = (row: number, column: number) => picture + (row * width + column) * channels;
      return {
        at: [
          pixel(y.low, x.low),
          pixel(y.low, x.high),
          pixel(y.high, x.low),
          pixel(y.high, x.high),
        ],
        weight: [
          y.lowWeight * x.lowWeight,
          y.lowWeight * x.highWeight,
          y.highWeight * x.lowWeight,
          y.highWeight * x.highWeight,
        ],
      };
    }
  }
}

/** The samples of a bin along one axis; those more than a pixel outside the map count as zeros and are left out. */
function places(start: number, bin: number, samples: number, size: number): Neighbours[] {
  const found: Neighbours[] = [];
  for (let i = 0; i < samples; i++) {
    const at = start + ((i + 0.5) * bin) / samples;
    if (!(at >= -1 && at <= size)) continue;
    const inside = Math.max(at, 0);
    const low = Math.min(Math.floor(inside), size - 1);
    const high = Math.min(low + 1, size - 1);
    const highWeight = low < size - 1 ? inside - low : 0;
    found.push({ low, high, lowWeight: 1 - highWeight, highWeight });
  }
  return found;
}
