/** What tells one engine's bits from another's, as run records keep it. */
export interface EngineTraits {
  readonly backend: string;
  readonly threads: number;
  readonly isa?: string;
  readonly binaryGradients?: string;
  readonly auxiliaryGradients?: string;
  readonly fusedMultiplyAdd?: boolean;
}

/** An engine's name wherever people read it: "surge-native (avx512, binary gradients in bfloat16) with 2 threads". */
export function engineText(engine: EngineTraits): string {
  const { backend, threads, isa, binaryGradients, auxiliaryGradients, fusedMultiplyAdd } = engine;
  const traits = [
    isa,
    binaryGradients && `binary gradients in ${binaryGradients}`,
    auxiliaryGradients && `auxiliary gradients in ${auxiliaryGradients}`,
    fusedMultiplyAdd && 'fused multiply-add',
  ].filter((trait) => trait);
  const name = traits.length === 0 ? backend : `${backend} (${traits.join(', ')})`;
  return `${name} with ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
