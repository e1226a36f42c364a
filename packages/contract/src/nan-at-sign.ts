import { InputError } from './input-error.js';

/**
 * A NaN where a sign is taken: the one error for it, whoever finds it (a composed op or an engine's kernel).
 * @param layer the layer or op, for the message.
 */
export function nanAtSign(what: 'input' | 'kernel', layer: string): InputError {
  return new InputError(
    `layer "${layer}": the ${what} holds a NaN, which has no sign; look for broken data or a learning rate that is too high`,
  );
}
