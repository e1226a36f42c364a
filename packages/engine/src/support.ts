/**
 * What runs where: one row per kernel of the table, one column per provider. `surge-bnn doctor` prints it,
 * docs/kernels.md is generated from it.
 */
import { kernelTable } from './kernels/table.js';
import { loadProvider, providerNames, type ProviderName } from './providers/load.js';
import type { KernelName, Provider } from './providers/provider.js';

/** 'own': the provider's own code; 'reference': plain TypeScript on its heap, slow. */
export type Support = 'own' | 'reference';

export interface KernelSupport {
  /** The TF.js kernel. */
  readonly kernel: string;
  /** The provider's kernels that it runs. */
  readonly uses: readonly KernelName[];
  readonly providers: Readonly<Record<ProviderName, Support>>;
  /** Calls that go to the copied TF.js CPU kernel instead. */
  readonly leaves?: string;
}

/** The support table. Instantiates every provider once. */
export async function kernelSupport(): Promise<KernelSupport[]> {
  const providers = await Promise.all(
    providerNames.map(async (name) => [name, await loadProvider(name)] as const),
  );
  return kernelTable.map(({ kernel, uses, leaves }) => ({
    kernel,
    uses,
    providers: Object.fromEntries(
      providers.map(([name, provider]) => [name, supportOf(provider, uses)]),
    ) as Record<ProviderName, Support>,
    leaves,
  }));
}

/** A kernel is a provider's own when all that it runs is. */
export function supportOf(provider: Provider, uses: readonly KernelName[]): Support {
  return uses.every((name) => provider.own.has(name)) ? 'own' : 'reference';
}
