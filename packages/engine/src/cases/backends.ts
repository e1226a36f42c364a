/**
 * The engine's backends that tests run on, beside TF.js's own `cpu`.
 */
export const engineBackends = ['surge-reference', 'surge-wasm'] as const;
