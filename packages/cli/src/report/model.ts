/** What a report is made of: plain data, collected from run folders, so that a page can be made of any runs. */
import type { ConversionReport } from '@surge-bnn/converter';
import type { NetworkCost } from '@surge-bnn/core';
import type { EpochMetrics, LayerMetrics, Recipe, RunSummary } from '@surge-bnn/train';

/** One training run in a report. */
export interface ReportRun {
  /** Short and unique within the report: "STE", "SURGE". */
  readonly label: string;
  /** Where its files lie, as a link relative to the report. */
  readonly folder: string;
  readonly recipe: Recipe;
  readonly summary: RunSummary;
  readonly epochs: readonly EpochMetrics[];
}

/** The check that the accuracy comes from the binary weights and from nothing beside them. */
export interface ShuffleProof {
  readonly label: string;
  readonly accuracy: number;
  /** The same network with the weights of each binary layer shuffled. */
  readonly shuffledAccuracy: number;
}

/** A model file in a process of its own, held to the network that was trained. */
export interface FreshRun {
  readonly images: number;
  /** Images whose outputs are all the same bits as those of the trained network's canonical evaluation. */
  readonly equalOutputs: number;
  readonly equalPredictions: number;
  /** The first that is not the same. */
  readonly difference?: string;
  /** Of the file. */
  readonly accuracy: number;
  /** For one image: the median of the packed model, and of the trained network in float32 beside it. */
  readonly milliseconds: number;
  readonly trainedMilliseconds: number;
  /** Engine of the trained network. */
  readonly trainedOn: string;
  readonly node: string;
}

/** What became of a run's network when it was packed. */
export interface Shipped extends Omit<ConversionReport, 'reestimatedOn'> {
  /** Of the run. */
  readonly label: string;
  /** As a link relative to the report. */
  readonly file: string;
  readonly fresh: FreshRun;
}

export interface Report {
  readonly title: string;
  /** A sentence or two on what was compared. */
  readonly lead: string;
  readonly runs: readonly ReportRun[];
  readonly cost?: NetworkCost;
  readonly proofs?: readonly ShuffleProof[];
  readonly shipped?: Shipped;
}

/** Names of the binary layers in order, over all runs. */
export function layerNames(report: Report): string[] {
  const names = report.runs.flatMap((run) => run.epochs.flatMap((e) => e.layers));
  return [...new Set(names.map((layer) => layer.name))];
}

/** The last epoch's measurements of a run, layer by layer. */
export function lastLayers(run: ReportRun): readonly LayerMetrics[] {
  return run.epochs.at(-1)?.layers ?? [];
}

/** Did this run have a compensator? Without one lam, cosine and |g_a| have no meaning. */
export function isCompensated(run: ReportRun): boolean {
  return run.summary.compensator !== 'none';
}
