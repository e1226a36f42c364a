/** What the page tells of each backend. */
export interface Trained {
  readonly provider: string;
  /** Of each step. */
  readonly losses: readonly number[];
  /** Before the first step, by parameter. */
  readonly gradients: readonly (readonly number[])[];
  /** That TF.js holds after each step. */
  readonly tensors: readonly number[];
  /** By binary layer, means over the steps. */
  readonly statistics: readonly {
    readonly lambda: number;
    readonly cosine: number;
    readonly clipped: number;
  }[];
}

export type Outcome = { readonly trained: Trained } | { readonly failed: string };

export type Outcomes = Readonly<Record<'surge-wasm' | 'webgl' | 'webgpu', Outcome>>;
