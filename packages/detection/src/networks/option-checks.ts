/** The checks that detectors' options have in common. Each is given the detector's name first, which begins its messages. */
import { badOption, checkCount, checkKeys } from '@surge-bnn/contract';

/** What is counted: boxes into and out of a suppression, samples. */
const COUNTS: readonly string[] = ['before', 'after', 'size', 'most', 'perClass'];

/**
 * A group's options with its defaults: counts, other numbers that are not negative, and four weights, which boxes are divided by.
 * @returns a function of the group's name, its defaults, what is given of it, and keys that have no default.
 */
export function checkedGroup(owner: string) {
  return <Options extends object>(
    group: string,
    defaults: Options,
    given: Partial<Options> = {},
    more: readonly string[] = [],
  ): Options => {
    checkKeys(given, [...Object.keys(defaults), ...more], `${owner}'s ${group}`);
    for (const [key, value] of Object.entries<unknown>(given)) {
      const { allowed, isRight } = ruleOf(key);
      if (isRight(value)) continue;
      throw badOption(owner, `${group}.${key}`, allowed, value);
    }
    return { ...defaults, ...given };
  };
}

function ruleOf(key: string): { allowed: string; isRight: (value: unknown) => boolean } {
  if (key === 'weights') {
    return {
      allowed: 'four numbers > 0',
      isRight: (value) =>
        Array.isArray(value) &&
        value.length === 4 &&
        value.every((v) => Number.isFinite(v) && Number(v) > 0),
    };
  }
  return COUNTS.includes(key)
    ? { allowed: 'a whole number >= 0', isRight: (v) => Number.isInteger(v) && Number(v) >= 0 }
    : { allowed: 'a number >= 0', isRight: (v) => typeof v === 'number' && v >= 0 };
}

export function checkMomentum(owner: string, momentum: number): void {
  if (momentum >= 0 && momentum < 1) return;
  throw badOption(owner, 'momentum', 'at least 0 and below 1', momentum);
}

/** A list of numbers > 0. */
export function checkNumbers(owner: string, key: string, given: unknown): void {
  const isRight = (one: unknown) => typeof one === 'number' && one > 0 && one < Infinity;
  if (Array.isArray(given) && given.length > 0 && given.every(isRight)) return;
  throw badOption(owner, key, 'a list of one or more numbers > 0', given);
}

/** A network of @surge-bnn/models by its name, with its options. */
export function checkBackbone(owner: string, given: unknown): void {
  const isRight =
    typeof given === 'object' &&
    given !== null &&
    'network' in given &&
    typeof given.network === 'string';
  if (isRight) return;
  throw badOption(owner, 'backbone', '{"network": NAME, "options": {..}}', given);
}

export function checkClasses(owner: string, classes: number): void {
  checkCount(owner, 'classes, without the background,', classes);
}
