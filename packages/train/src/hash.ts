/** SHA-256 receipts of weights, configs and files. */
import { createHash } from 'node:crypto';
import type { StoredTensor } from './checkpoint/safetensors.js';
import type { Parameter } from './parameters.js';
import type { Recipe } from './recipe/schema.js';

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Over keys, shapes and values in the order of the keys. */
export function hashWeights(parameters: readonly Parameter[]): string {
  return hashAll(
    parameters.map(({ key, variable }) => ({
      key,
      shape: variable.shape,
      read: () => variable.dataSync(),
    })),
  );
}

/** The same over the weights of a checkpoint, without auxiliaries: what its run's summary says. */
export function hashStored(tensors: ReadonlyMap<string, StoredTensor>): string {
  const prefix = 'weights/';
  const weights = [...tensors].filter(
    ([name]) =>
      name.startsWith(prefix) && name.split('/').at(-1)?.startsWith('auxiliary') === false,
  );
  return hashAll(
    weights.map(([name, { shape, values }]) => ({
      key: name.slice(prefix.length),
      shape,
      read: () => values,
    })),
  );
}

function hashAll(
  weights: readonly {
    readonly key: string;
    readonly shape: readonly number[];
    readonly read: () => Float32Array | Int32Array | Uint8Array;
  }[],
): string {
  const hash = createHash('sha256');
  for (const { key, shape, read } of [...weights].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const values = read();
    hash.update(`${key}[${shape}]`);
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
