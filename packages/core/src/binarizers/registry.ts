/**
 * The published binarizers by name, and the methods: which binarizer a method takes for the inputs and which
 * for the weights. Adding a method: a file in `named/` and a line in each table.
 */
import { InputError, unknownName } from '@surge-bnn/contract';
import type { Binarizer, InputBinarizer } from './binarizer.js';
import { approxSign } from './named/approx-sign.js';
import { identity } from './named/identity.js';
import { ste } from './named/ste.js';
import { swishSign } from './named/swish-sign.js';

/** Every binarizer that a string can name. */
export const binarizers = {
  ste,
  identity,
  'approx-sign': approxSign,
  'swish-sign': swishSign,
} as const satisfies Record<string, Binarizer>;

export type BinarizerName = keyof typeof binarizers;

/** What may stand for the binarizer of inputs. */
export type InputBinarizerName = BinarizerName | 'none';

/** A published method: its two binarizers. */
export interface Method {
  readonly input: BinarizerName;
  readonly weight: BinarizerName;
}

/**
 * What `--binarizer NAME` means for a whole network. Bi-Real Net pairs its quadratic window on the inputs
 * with the box on the weights; on clipped weights the window would be 0 just where the clip holds them.
 */
export const methods = {
  ste: { input: 'ste', weight: 'ste' },
  identity: { input: 'identity', weight: 'identity' },
  'approx-sign': { input: 'approx-sign', weight: 'ste' },
  'swish-sign': { input: 'swish-sign', weight: 'swish-sign' },
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof methods;

const weightNames = Object.keys(binarizers);
const inputNames = [...weightNames, 'none'];

/** The binarizer itself, or the one that the string names. @throws InputError with the nearest right name. */
export function resolveBinarizer(given: BinarizerName | Binarizer): Binarizer {
  return resolve(given, weightNames);
}

/** For inputs: the same, or 'none' for inputs that stay float. @throws InputError with the nearest right name. */
export function resolveInputBinarizer(given: InputBinarizerName | Binarizer): InputBinarizer {
  return given === 'none' ? given : resolve(given, inputNames);
}

function resolve(given: BinarizerName | Binarizer, allowed: readonly string[]): Binarizer {
  const anything: unknown = given;
  if (anything === 'none') {
    throw new InputError(
      `'none' leaves inputs float and is no binarizer of weights; allowed: ${allowed.join(', ')}`,
    );
  }
  if (typeof anything !== 'string' && (typeof anything !== 'object' || anything === null)) {
    throw new InputError(
      `a binarizer must be a name (${allowed.join(', ')}) or an object of the four parts, got ${String(anything)}`,
    );
  }
  if (typeof given !== 'string') return given;
  if (!Object.hasOwn(binarizers, given)) throw unknownName('binarizer', given, allowed);
  return binarizers[given];
}

/** The method of that name. @throws InputError with the nearest right name. */
export function resolveMethod(name: string): Method {
  const known: Readonly<Record<string, Method>> = methods;
  if (!Object.hasOwn(known, name)) throw unknownName('binarizer', name, Object.keys(known));
  return known[name];
}
