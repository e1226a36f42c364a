/** What the page asks its worker for, and what it gets. */
import type { DetectionTimes, FoundObjects, Picture } from '@surge-bnn/runtime';

export type Task =
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

export type Result = { readonly loaded: Loaded } | { readonly found: Found };
