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
  let to = 0;
  eachBox(shape, boxes, pictures, options, ({ rows, columns, count, picture }) => {
    for (let p = 0; p < options.height; p++) {
      for (let q = 0; q < options.width; q++) {
        sums.fill(0);
        for (let i = rows.first[p]; i < rows.first[p + 1]; i++) {
          for (let j = columns.first[q]; j < columns.first[q + 1]; j++) {
            addSample(x, picture, rows, i, columns, j, sums);
          }
        }
        for (let c = 0; c < channels; c++, to++) y[to] = sums[c] / count;
      }
    }
  });
}

/** One sample of every channel. Plain numbers throughout: this is where the time goes. */
function addSample(
  x: Numbers,
  picture: number,
  rows: Samples,
  i: number,
  columns: Samples,
  j: number,
  sums: Float64Array,
): void {
  const w1 = rows.lowWeight[i] * columns.lowWeight[j];
  const w2 = rows.lowWeight[i] * columns.highWeight[j];
  const w3 = rows.highWeight[i] * columns.lowWeight[j];
  const w4 = rows.highWeight[i] * columns.highWeight[j];
  const above = picture + rows.low[i];
  const below = picture + rows.high[i];
  const [left, right] = [columns.low[j], columns.high[j]];
  const a1 = above + left;
  const a2 = above + right;
  const a3 = below + left;
  const a4 = below + right;
  for (let c = 0; c < sums.length; c++) {
    const upper = w1 * x[a1 + c] + w2 * x[a2 + c];
    sums[c] += upper + w3 * x[a3 + c] + w4 * x[a4 + c];
  }
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
  let from = 0;
  eachBox(shape, boxes, pictures, options, ({ rows, columns, count, picture }) => {
    for (let p = 0; p < options.height; p++) {
      for (let q = 0; q < options.width; q++, from += channels) {
        for (let i = rows.first[p]; i < rows.first[p + 1]; i++) {
          const [above, below] = [picture + rows.low[i], picture + rows.high[i]];
          for (let j = columns.first[q]; j < columns.first[q + 1]; j++) {
            const [left, right] = [columns.low[j], columns.high[j]];
            const at = [above + left, above + right, below + left, below + right];
            const weights = [
              rows.lowWeight[i] * columns.lowWeight[j],
              rows.lowWeight[i] * columns.highWeight[j],
              rows.highWeight[i] * columns.lowWeight[j],
              rows.highWeight[i] * columns.highWeight[j],
            ];
            weights.forEach((weight, k) => {
              const share = weight / count;
              for (let c = 0; c < channels; c++) dx[at[k] + c] += share * dy[from + c];
            });
          }
        }
      }
    }
  });
}

/** The samples of a box along one axis, bin after bin; those more than a pixel outside the map count as zeros and are left out. */
interface Samples {
  /** Where each bin's begin, and behind the last one's the end of all. */
  readonly first: Int32Array;
  /** Of each sample where its two pixels begin, and their weights. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowWeight: Float64Array;
  readonly highWeight: Float64Array;
}

/** How one box is read. */
interface BoxSamples {
  readonly rows: Samples;
  readonly columns: Samples;
  /** What the sum of a bin is divided by. */
  readonly count: number;
  /** Where the box's picture begins. */
  readonly picture: number;
}

function eachBox(
  { height, width, channels }: FeatureShape,
  boxes: Boxes,
  pictures: Int32Array,
  { scale, samplingRatio, aligned, ...bins }: RoiAlignOptions,
  work: (box: BoxSamples) => void,
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
    work({
      rows: samplesOf(y1, binHeight, bins.height, rows, height, width * channels),
      columns: samplesOf(x1, binWidth, bins.width, columns, width, channels),
      count: Math.max(rows * columns, 1),
      picture: pictures[r] * height * width * channels,
    });
  }
}

/** @param samples of a bin. @param size pixels of the map, `step` numbers from one to the next. */
function samplesOf(
  start: number,
  bin: number,
  bins: number,
  samples: number,
  size: number,
  step: number,
): Samples {
  const most = bins * samples;
  const found = {
    first: new Int32Array(bins + 1),
    low: new Int32Array(most),
    high: new Int32Array(most),
    lowWeight: new Float64Array(most),
    highWeight: new Float64Array(most),
  };
  let count = 0;
  for (let p = 0; p < bins; p++) {
    for (let i = 0; i < samples; i++) {
      const at = start + p * bin + ((i + 0.5) * bin) / samples;
      if (!(at >= -1 && at <= size)) continue;
      const inside = Math.max(at, 0);
      const low = Math.min(Math.floor(inside), size - 1);
      const highWeight = low < size - 1 ? inside - low : 0;
      found.low[count] = low * step;
      found.high[count] = Math.min(low + 1, size - 1) * step;
      found.lowWeight[count] = 1 - highWeight;
      found.highWeight[count] = highWeight;
      count++;
    }
    found.first[p + 1] = count;
  }
  return found;
}
