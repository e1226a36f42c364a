/** SHA-256 receipts of weights, configs and files. */
import { createHash } from 'node:crypto';
import type { Parameter } from './parameters.js';
import type { Recipe } from './recipe/schema.js';

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Over keys, shapes and values in the order of the keys. */
export function hashWeights(parameters: readonly Parameter[]): string {
  const hash = createHash('sha256');
  for (const { key, variable } of [...parameters].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const values = variable.dataSync();
    hash.update(`${key}[${variable.shape}]`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** Of a recipe without what does not change the training: its name and description. */
export function hashRecipe(recipe: Recipe): string {
  return sha256(canonical({ ...recipe, name: '', description: '' }));
}

/** JSON with sorted keys: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
