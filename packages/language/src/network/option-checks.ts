/** What the options of all networks for texts have in common to check. `where` is who refuses: `bert`, `sentenceNetwork`. */
import { InputError } from '@surge-bnn/contract';
import type { BertOptions } from './options.js';

type Common = Pick<BertOptions, 'method' | 'inputs' | 'dropout' | 'attentionDropout' | 'epsilon'>;

/** @throws InputError naming the option, its value and what is allowed. */
export function checkCommon(where: string, options: Common): void {
  const { method, inputs, epsilon } = options;
  checkOneOf(where, 'method', method, ['none', 'bibert', 'bit']);
  checkOneOf(where, 'inputs', inputs, ['binary', 'two-bit', 'real']);
  for (const key of ['dropout', 'attentionDropout'] as const) {
    if (options[key] >= 0 && options[key] < 1) continue;
    throw refusal(where, key, 'at least 0 and below 1', options[key]);
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon))) {
    throw refusal(where, 'epsilon', 'a number above 0', epsilon);
  }
  if (method === 'none' && inputs === 'real') {
    throw new InputError(
      `${where}: without a binary method inputs cannot be real alone; set method to bibert or bit, or leave inputs out`,
    );
  }
  if (method !== 'bit' && inputs === 'two-bit') {
    throw new InputError(
      `${where}: inputs of 2 bits are a step of BiT's distillation; set method to bit, or leave inputs out, got method ${method}`,
    );
  }
}

/** @throws InputError for what is no whole number >= 1. */
export function checkCount(where: string, key: string, value: unknown): void {
  if (Number.isInteger(value) && Number(value) >= 1) return;
  throw refusal(where, key, 'a whole number >= 1', value);
}

/** @throws InputError for what is not among them. */
export function checkOneOf(
  where: string,
  key: string,
  value: unknown,
  allowed: readonly string[],
): void {
  if (allowed.some((one) => one === value)) return;
  throw refusal(where, key, allowed.join(', '), value);
}

export function refusal(where: string, key: string, allowed: string, value: unknown): InputError {
  return new InputError(`${where}: ${key} must be ${allowed}, got ${JSON.stringify(value)}`);
}
