/** What a binary layer's backward measures: the numbers that reviewers asked for and nobody has published. */

export interface BackwardStatistics {
  /** lam of this step; 0 when the branch is off or was skipped. */
  readonly lambda: number;
  /** Cosine of the angle between g_b and g_a; 0 when either is 0 or there is no auxiliary branch. */
  readonly cosine: number;
  /** |g_b|: L2 norm of the binary branch's gradient at the layer's input. */
  readonly normB: number;
  /** |g_a|: L2 norm of the auxiliary branch's gradient; 0 without one. */
  readonly normA: number;
  /** Share of the layer's inputs with zero surrogate slope, in [0, 1]. */
  readonly clipped: number;
  /** True when |g_b| = 0 or |g_a| = 0 made lam 0 for this step. */
  readonly skipped: boolean;
}
