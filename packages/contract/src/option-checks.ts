/** The sentences that refuse an option: who refuses it, what it must be, what it is. */
import { InputError } from './input-error.js';

/**
 * @param where who refuses: "network vgg-small", "bert".
 * @param allowed completes "must be ..".
 */
export function badOption(
  where: string,
  option: string,
  allowed: string,
  value: unknown,
): InputError {
  // JSON would make null of NaN.
  const got = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return new InputError(`${where}: ${option} must be ${allowed}, got ${got}`);
}

/** @throws InputError for what is no whole number >= 1. */
export function checkCount(where: string, option: string, value: unknown): void {
  if (Number.isInteger(value) && Number(value) >= 1) return;
  throw badOption(where, option, 'a whole number >= 1', value);
}

/**
 * @param choices undefined among them: the option may be left out, too.
 * @throws InputError for a value that is none of the choices.
 */
export function checkChoice(
  where: string,
  option: string,
  value: unknown,
  choices: readonly (string | number | boolean | undefined)[],
): void {
  if (choices.some((choice) => choice === value)) return;
  const named = choices.filter((choice) => choice !== undefined).map(String);
  const allowed = [named.slice(0, -1).join(', '), ...named.slice(-1)].filter((part) => part !== '');
  throw badOption(where, option, allowed.join(' or '), value);
}
