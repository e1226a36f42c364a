/**
 * Whether a detector's plan asks for an amount of work that a picture may take: its numbers are small by themselves, and hours when
 * multiplied. Nothing that a published detector asks for comes near: 1,000 proposals of 14 x 14 bins are under 2^20 samples.
 */
import type { TwoStagePlan } from '../detector/plan.js';
import type { Edge } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { quote } from './json.js';

/** Most samples that are read from the maps for all regions of a picture, where each bin has as many. */
export const mostSamples = 2 ** 24;
/** Most pixels of maps under all regions of a picture, where the number of samples follows from a region's size. */
export const mostPixelsRead = 2 ** 28;
/** Most pairs of boxes that the suppression of all levels compares. */
export const mostPairs = 2 ** 30;

/** @throws ModelFileError naming the product that is too large. */
export function checkWork({ anchors, proposals, regions }: TwoStagePlan): void {
  const { before, after } = proposals;
  const { bins, samplingRatio } = regions;
  const samples = bins ** 2 * Math.max(1, samplingRatio) ** 2 * after;
  if (samples > mostSamples) {
    throw new ModelFileError(
      `the detector reads ${samples} samples for a picture: bins ${bins} and samplingRatio ${samplingRatio}, both squared, times after ${after}; ` +
        `allowed: ${mostSamples}`,
    );
  }
  const pairs = anchors.length * before ** 2;
  if (pairs > mostPairs) {
    throw new ModelFileError(
      `the detector compares ${pairs} pairs of boxes: before ${before} squared times ${anchors.length} levels; allowed: ${mostPairs}`,
    );
  }
}

/**
 * Asked for every size of pictures.
 * @param maps of the body, [rows, columns, channels].
 * @throws ModelFileError for maps that are too large to be read as often as there may be regions, in samples a pixel apart.
 */
export function checkReading(
  maps: readonly Edge[],
  { proposals: { after }, regions: { samplingRatio } }: TwoStagePlan,
): void {
  if (samplingRatio > 0) return;
  for (const { shape } of maps) {
    const [rows, columns] = shape;
    const pixels = rows * columns * after;
    if (pixels <= mostPixelsRead) continue;
    throw new ModelFileError(
      `the detector reads up to ${pixels} pixels for a picture: all of a map ${quote(shape)} for each of after ${after} regions, with samplingRatio 0; ` +
        `allowed: ${mostPixelsRead}`,
    );
  }
}
