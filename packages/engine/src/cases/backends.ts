/**
 * The engine's backends that tests run on, beside TF.js's own `cpu`: the native one where it was built.
 */
import { isAddonBuilt } from '../providers/native/addon.js';

export const engineBackends = [
  'surge-reference',
  'surge-wasm',
  ...(isAddonBuilt() ? (['surge-native'] as const) : []),
] as const;
