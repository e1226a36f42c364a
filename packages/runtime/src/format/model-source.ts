/** A packed model as data, between the bytes of a file and something that runs. */
import type { SingleShotPlan, TwoStagePlan } from '../detector/plan.js';
import type { Graph } from '../graph.js';
import type { TextPlan } from '../text/plan.js';
import type { StoredTensor } from './tensors.js';

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

/** What people may want to know of a model; the runtime does not compute with it. */
export interface ModelMetadata {
  /** How the network was trained: its recipe. */
  readonly training?: JsonObject;
  /** Where the file comes from: converter, checkpoint hash, engine. */
  readonly provenance?: JsonObject;
  /** How the packed model compared with the trained one when it was made. */
  readonly agreement?: JsonObject;
}

export interface ModelSource {
  readonly graph: Graph;
  /** By name; every one is read by a node. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ModelMetadata;
}

interface DetectorParts {
  /** Pictures to what the plan makes boxes of. */
  readonly body: Graph;
  /** By name; every one is read by a node of body or tail. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ModelMetadata;
}

/** The body makes maps, objectness and deltas. */
export interface TwoStageSource extends DetectorParts {
  readonly plan: TwoStagePlan;
  /** One region's bins to logits and deltas. */
  readonly tail: Graph;
}

/** The body makes logits and deltas. */
export interface SingleShotSource extends DetectorParts {
  readonly plan: SingleShotPlan;
  readonly tail?: undefined;
}

/** A packed detector as data. */
export type DetectorSource = TwoStageSource | SingleShotSource;

/** A packed text model as data. */
export interface TextSource {
  readonly plan: TextPlan;
  /** The embedded pieces of one text, [maxLength, width], to logits; computed at each text's own length. */
  readonly body: Graph;
  /** By name; every one is read by a node of the body, or named by the plan. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ModelMetadata;
}

/** Sizes of a model file in bytes: 8 bytes of length and the JSON, with its padding or compressed; the tensors; both. */
export interface FileSize {
  readonly header: number;
  readonly payload: number;
  readonly total: number;
}
