/** What the verbs share: how they join the program, and options that read and check themselves. */
import { InputError } from '@surge-bnn/contract';
import type { Command } from 'commander';
import type { ExitCode } from './program.js';

/** Adds one verb to the program; `finish` takes the exit code of its run. */
export type AddVerb = (program: Command, finish: (code: ExitCode) => void) => void;

/** Reads the value of a numeric option. @throws InputError naming the option and what it takes. */
export function wholeNumber(option: string, min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min) return value;
    throw new InputError(`${option} must be a whole number >= ${min}, got "${text}"`);
  };
}

/** The same for any number >= min. */
export function decimal(option: string, min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= min) return value;
    throw new InputError(`${option} must be a number >= ${min}, got "${text}"`);
  };
}

/** A number from 0 to 1. */
export function share(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= 0 && value <= 1) return value;
    throw new InputError(`${option} must be a number from 0 to 1, got "${text}"`);
  };
}

/** "a,b" -> ['a', 'b']. @throws InputError for an empty list or member. */
export function list(option: string): (text: string) => string[] {
  return (text) => {
    const members = text.split(',').map((member) => member.trim());
    if (members.every((member) => member !== '')) return members;
    throw new InputError(`${option} takes names separated by commas, got "${text}"`);
  };
}

/** "0.5,0.25" -> [0.5, 0.25]. */
export function numbers(option: string): (text: string) => number[] {
  const members = list(option);
  return (text) =>
    members(text).map((member) => {
      const value = Number(member);
      if (Number.isFinite(value)) return value;
      throw new InputError(`${option} takes numbers separated by commas, got "${text}"`);
    });
}

/** "1,2,3" or "1-5" -> whole numbers. */
export function seeds(option: string): (text: string) => number[] {
  const number = wholeNumber(option, 0);
  return (text) =>
    text.split(',').flatMap((part) => {
      const range = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(part);
      if (range === null) return [number(part)];
      const [first, last] = [Number(range[1]), Number(range[2])];
      if (last < first) throw new InputError(`${option}: the range "${part}" runs backwards`);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/**
 * Refuses options that nobody would read here.
 *
 * @param why ends the sentence that begins with the option: "is for runs, and x.bnn is none".
 * @throws InputError naming the first that was given.
 */
export function refuseOptions<Flags extends object>(
  flags: Flags,
  options: readonly (keyof Flags & string)[],
  why: string,
): void {
  for (const option of options) {
    const value = flags[option];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    // As it is typed: --keep-pieces.
    const typed = option.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
    throw new InputError(`--${typed} ${why}`);
  }
}

/** Collects a repeated option. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
