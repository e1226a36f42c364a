/** Our own plain data as the JSON that a model file takes. */
import type { JsonObject } from '@surge-bnn/runtime';

/** A copy that holds what JSON can hold; members that are undefined are left out. */
export function jsonObject(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (isJsonObject(copy)) return copy;
  throw new Error('jsonObject was given a list');
}

/** What JSON.parse made is JSON all the way down; here it must be an object, too. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
