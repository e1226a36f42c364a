/** What the options of all networks for texts have in common to check. `where` is who refuses: `bert`, `sentenceNetwork`. */
import { badOption, checkChoice, InputError } from '@surge-bnn/contract';
import type { BertOptions } from './options.js';

type Common = Pick<BertOptions, 'method' | 'inputs' | 'dropout' | 'attentionDropout' | 'epsilon'>;

/** @throws InputError naming the option, its value and what is allowed. */
export function checkCommon(where: string, options: Common): void {
  const { method, inputs, epsilon } = options;
  checkChoice(where, 'method', method, ['none', 'bibert', 'bit']);
  checkChoice(where, 'inputs', inputs, ['binary', 'two-bit', 'real']);
  for (const key of ['dropout', 'attentionDropout'] as const) {
    if (options[key] >= 0 && options[key] < 1) continue;
    throw badOption(where, key, 'at least 0 and below 1', options[key]);
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon))) {
    throw badOption(where, 'epsilon', 'a number above 0', epsilon);
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
