/** The backends that every public behaviour has to hold on. */
import { useEngine } from '@surge-bnn/engine';

export const backends = ['cpu', 'surge-reference', 'surge-wasm'] as const;

export async function use(backend: (typeof backends)[number]): Promise<void> {
  await useEngine({ backend });
}
