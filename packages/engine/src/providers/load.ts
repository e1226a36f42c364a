/**
 * The providers by name, loaded when asked for: importing the engine compiles no WebAssembly.
 */
import type { Provider } from './provider.js';

export const providerNames = ['wasm', 'reference'] as const;
export type ProviderName = (typeof providerNames)[number];

/** A new provider with an empty heap. */
export async function loadProvider(name: ProviderName): Promise<Provider> {
  if (name === 'reference') {
    const { createReferenceProvider } = await import('./reference/index.js');
    return createReferenceProvider();
  }
  const { createWasmProvider } = await import('./wasm/index.js');
  return createWasmProvider();
}
