/**
 * The providers by name, loaded when asked for: importing the engine compiles no WebAssembly and opens no addon.
 */
import type { Provider } from './provider.js';

/** Fastest first. */
export const providerNames = ['native', 'wasm', 'reference'] as const;
export type ProviderName = (typeof providerNames)[number];

/**
 * A new provider with an empty heap.
 * @throws InputError for 'native' where it is not built or does not load.
 */
export async function loadProvider(name: ProviderName): Promise<Provider> {
  if (name === 'reference') {
    const { createReferenceProvider } = await import('./reference/index.js');
    return createReferenceProvider();
  }
  if (name === 'native') {
    const { createNativeProvider } = await import('./native/index.js');
    return createNativeProvider();
  }
  const { createWasmProvider } = await import('./wasm/index.js');
  return createWasmProvider();
}
