/** The backends that every public behaviour has to hold on: the native one where it was built (npm run build:native). */
import { nativeReport, useEngine } from '@surge-bnn/engine';

export const { built: nativeIsBuilt, runnable: nativeIsas } = await nativeReport();

export const backends = [
  'cpu',
  'surge-reference',
  'surge-wasm',
  ...(nativeIsBuilt ? (['surge-native'] as const) : []),
] as const;

/** @param threads of the native engine; one, where a test file has the machine for a part only. */
export async function use(backend: (typeof backends)[number], threads = 1): Promise<void> {
  await useEngine({ backend, threads });
}
