/**
 * What the binary layers' backwards measure, averaged over an epoch, and what their weights do: how many signs
 * flipped since the last look, and filters in which none did. All state is plain data for checkpoints.
 */
import type { BackwardStatistics, BinaryLayer } from '@surge-bnn/core';
import type { LayerMetrics } from './types.js';

interface Sums {
  count: number;
  lambda: number;
  cosine: number;
  normB: number;
  normA: number;
  clipped: number;
  skipped: number;
}

/** The state between two steps: sums by layer name, and the signs at the last look. */
export interface StatisticsState {
  readonly sums: Readonly<Record<string, Sums>>;
  readonly signs: ReadonlyMap<string, Uint8Array>;
}

export class StatisticsRecorder {
  private readonly sums = new Map<string, Sums>();
  private signs = new Map<string, Uint8Array>();

  /** Listens to the layers from now on; the first look is now. */
  constructor(private readonly layers: readonly BinaryLayer[]) {
    for (const layer of layers) {
      const sums = zeroSums();
      this.sums.set(layer.name, sums);
      layer.onStatistics = (statistics) => add(sums, statistics);
      this.signs.set(layer.name, layer.signBits());
    }
  }

  /** Means since the last call, flips since the last call; then starts anew. */
  take(): LayerMetrics[] {
    return this.layers.map((layer) => {
      const sums = this.sums.get(layer.name) ?? zeroSums();
      const signs = layer.signBits();
      const filters = Number(layer.binaryKernel.shape.at(-1));
      const { flipped, deadFilters } = compareSigns(
        this.signs.get(layer.name) ?? signs,
        signs,
        filters,
      );
      const mean = (key: keyof Sums) => (sums.count === 0 ? 0 : sums[key] / sums.count);
      const metrics = {
        name: layer.name,
        lambda: mean('lambda'),
        cosine: mean('cosine'),
        normB: mean('normB'),
        normA: mean('normA'),
        clipped: mean('clipped'),
        flipped,
        deadFilters,
        filters,
        skipped: sums.skipped,
      };
      Object.assign(sums, zeroSums());
      this.signs.set(layer.name, signs);
      return metrics;
    });
  }

  state(): StatisticsState {
    return {
      sums: Object.fromEntries([...this.sums].map(([name, sums]) => [name, { ...sums }])),
      signs: new Map(this.signs),
    };
  }

  restore(state: StatisticsState): void {
    for (const [name, sums] of this.sums) Object.assign(sums, state.sums[name] ?? zeroSums());
    this.signs = new Map(state.signs);
  }

  /** Stops listening. */
  dispose(): void {
    for (const layer of this.layers) layer.onStatistics = undefined;
  }
}

/**
 * Share of entries whose sign differs, and how many filters (last axis) have no differing entry.
 */
export function compareSigns(before: Uint8Array, now: Uint8Array, filters: number) {
  const alive = new Uint8Array(filters);
  let flips = 0;
  for (let i = 0; i < now.length; i++) {
    if (before[i] === now[i]) continue;
    flips++;
    alive[i % filters] = 1;
  }
  const deadFilters = filters - alive.reduce((sum, one) => sum + one, 0);
  return { flipped: flips / now.length, deadFilters };
}

function add(sums: Sums, { lambda, cosine, normB, normA, clipped, skipped }: BackwardStatistics) {
  sums.count += 1;
  sums.lambda += lambda;
  sums.cosine += cosine;
  sums.normB += normB;
  sums.normA += normA;
  sums.clipped += clipped;
  sums.skipped += skipped ? 1 : 0;
}

function zeroSums(): Sums {
  return { count: 0, lambda: 0, cosine: 0, normB: 0, normA: 0, clipped: 0, skipped: 0 };
}
