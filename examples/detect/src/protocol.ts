/** What the page and its worker say to each other: each request has one answer, in order. */
import type { DetectionTimes, FoundObjects, Picture } from '@surge-bnn/runtime';

export type Request =
  | {
      readonly kind: 'load';
      /** For sentences about it. */
      readonly name: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'detect'; readonly picture: Picture };

export interface Loaded {
  readonly classes: readonly string[];
  readonly kernels: string;
}

export interface Found extends FoundObjects {
  readonly milliseconds: number;
  readonly times: DetectionTimes;
}

export type Answer =
  | { readonly loaded: Loaded }
  | { readonly found: Found }
  /** `sentence` is for the person before the page where it is a refusal, else it tells of a defect. */
  | { readonly failed: { readonly sentence: string; readonly refusal: boolean } };
