/** A recipe's binarizer: as core's method, and in a word. */
import { InputError } from '@surge-bnn/contract';
import { resolveMethod } from '@surge-bnn/core';
import type { Method } from '@surge-bnn/core';
import type { BinarizerSpec } from './schema.js';

/**
 * The method that a recipe's binarizer names.
 *
 * @throws InputError for an unknown name, and for options that the method does not have.
 */
export function methodOf(spec: BinarizerSpec): Method {
  if (typeof spec === 'string') return resolveMethod(spec);
  const { name, ...options } = spec;
  const method = resolveMethod(name);
  const [option] = Object.keys(options);
  if (option === undefined) return method;
  throw new InputError(`binarizer "${name}" has no option "${option}"; it has none`);
}

/** Its name for folders and tables; options stand behind it: ir-net(start=-1). */
export function methodName(spec: BinarizerSpec): string {
  if (typeof spec === 'string') return spec;
  const { name, ...options } = spec;
  const told = Object.entries(options).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return told.length === 0 ? name : `${name}(${told.join(',')})`;
}
