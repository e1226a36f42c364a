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

/** `portable`: surge-wasm without fused multiply-add. */
export type Outcomes = Readonly<Record<'surge-wasm' | 'portable' | 'webgl' | 'webgpu', Outcome>>;

/** What is posted: the outcomes, or what kept the page from having any. */
export type Letter = { readonly outcomes: Outcomes } | { readonly failed: string };
