/** What a comparison reads from a run folder: accuracy over training seconds, and how much was clipped. */
import { join } from 'node:path';
import { readMetrics, readTiming } from '../run-folder.js';
import type { RunSummary } from '../types.js';
import type { ComparedRun, CurvePoint } from './types.js';

/** A finished run. @param out the comparison's folder. */
export async function comparedRun(
  out: string,
  folder: string,
  seed: number,
  summary: RunSummary,
): Promise<ComparedRun> {
  const [metrics, timing] = await Promise.all([
    readMetrics(join(out, folder)),
    readTiming(join(out, folder)),
  ]);
  // Only the last stage's network ships; the seconds before it count.
  const final = metrics.filter(({ stage }) => stage === metrics.at(-1)?.stage);
  const curve = final.flatMap(({ epoch, testAccuracy }): CurvePoint[] => {
    if (testAccuracy === undefined) return [];
    const before = timing.filter((line) => line.epoch <= epoch);
    const seconds = before.reduce((sum, { training }) => sum + training, 0);
    return [{ epoch, seconds, accuracy: testAccuracy }];
  });
  const layers = metrics.at(-1)?.layers ?? [];
  const clipped = layers.reduce((sum, layer) => sum + layer.clipped, 0) / (layers.length || 1);
  return { seed, folder, summary, curve, clipped };
}
