/** What the page and the training worker say to each other. */
import type { EngineName, Settings } from './settings.js';

export type Order =
  | { readonly kind: 'start'; readonly settings: Settings }
  | { readonly kind: 'pause' }
  | { readonly kind: 'continue' }
  /** Ends the training; what was learnt is kept. */
  | { readonly kind: 'stop' };

/** The two networks, in this order in every list of two. */
export const networkNames = ['STE', 'SURGE'] as const;

export interface Digit {
  /** 28 x 28. */
  readonly pixels: Uint8Array;
  readonly label: number;
}

/** The worker is there. */
export interface Ready {
  readonly kind: 'ready';
  readonly engines: readonly {
    readonly name: EngineName;
    /** Why it cannot be had here; undefined where it can. */
    readonly problem: string | undefined;
  }[];
  readonly isolated: boolean;
  readonly cores: number;
  readonly defaults: Pick<Settings, 'epochs' | 'batchSize' | 'eta' | 'seed'>;
  readonly pictures: readonly Digit[];
  /** Of each class the first test digit. */
  readonly samples: readonly Digit[];
}

export interface Started {
  readonly kind: 'started';
  /** "surge-wasm, 1 thread". */
  readonly engine: string;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Names of the layers with a compensator. */
  readonly layers: readonly string[];
}

/** Of one layer of the network with SURGE, means over the steps since the last report. */
export interface LayerReport {
  readonly lambda: number;
  readonly cosine: number;
  /** Share of the inputs with slope 0. */
  readonly clipped: number;
}

/** Some times a second at most. */
export interface Progress {
  readonly kind: 'progress';
  /** Steps done, by each network. */
  readonly step: number;
  /** Since the start, pauses left out. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  /** Mean loss of each over its last 20 steps. */
  readonly losses: readonly [number, number];
  /** One for each layer, or none where nothing was measured yet. */
  readonly layers: readonly LayerReport[];
  /** Some of the last batch. */
  readonly pictures: readonly Digit[];
  /** What TF.js holds between two steps. */
  readonly tensors: number;
  /** Bytes of the engine's heap that are in use or kept for use; absent where the engine does not tell. */
  readonly bytes?: number;
}

/** On all test digits, in canonical arithmetic. */
export interface Evaluated {
  readonly kind: 'evaluated';
  readonly step: number;
  readonly seconds: number;
  readonly correct: readonly [number, number];
  readonly of: number;
}

/** A network as a packed model. */
export interface Shipped {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Test digits that the trained network, evaluated in canonical arithmetic, reads rightly. */
  readonly correct: number;
  readonly of: number;
  /** Test digits for which the file gives all outputs of the trained network, bit for bit. */
  readonly equal: number;
  /** Bytes of the trained weights in float32. */
  readonly floatBytes: number;
}

export interface Done {
  readonly kind: 'done';
  readonly stopped: boolean;
  readonly step: number;
  /** Of the training alone, pauses and the packing left out. */
  readonly seconds: number;
  readonly networks: readonly [Shipped, Shipped];
  /** When everything of this training was given back. */
  readonly tensorsLeft: number;
}

export type Report =
  | Ready
  | Started
  | Progress
  | Evaluated
  /** It has been asked to pause, and does: no report comes until it goes on or stops. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'packing' }
  | Done
  /** `sentence` tells the person what to change where it is a mistake, else it tells of a defect. */
  | { readonly kind: 'failed'; readonly sentence: string; readonly mistake: boolean };
