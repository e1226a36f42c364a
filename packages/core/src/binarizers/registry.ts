/**
 * The published binarizers by name, and the methods: which binarizer a method takes for the inputs and which
 * for the weights. Adding a method: a file in `named/` and a line in each table.
 *
 * A name means one binarizer for inputs and one for weights: what stands before the sign, and the scale, differ. Where a method
 * has settings of its own, an object with the name and them stands for it: {name: 'ir-net', start: -1}.
 */
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import type { Binarizer, InputBinarizer, Sides } from './binarizer.js';
import type { AdaBinOptions } from './named/adabin.js';
import { adaBin } from './named/adabin.js';
import { approxSign } from './named/approx-sign.js';
import { biReal } from './named/bi-real.js';
import { biBert } from './named/bibert.js';
import type { BiPerOptions } from './named/biper.js';
import { biPer } from './named/biper.js';
import type { BiTOptions } from './named/bit.js';
import { biT } from './named/bit.js';
import type { BNextOptions } from './named/bnext.js';
import { bNext } from './named/bnext.js';
import { bop } from './named/bop.js';
import { identity } from './named/identity.js';
import type { ErrorDecayOptions } from './named/ir-net.js';
import { errorDecayKeys, irNet } from './named/ir-net.js';
import type { ReActNetOptions } from './named/reactnet.js';
import { reActNet } from './named/reactnet.js';
import type { ReCUOptions } from './named/recu.js';
import { reCU } from './named/recu.js';
import type { ReSTEOptions } from './named/reste.js';
import { reSTE } from './named/reste.js';
import { ste } from './named/ste.js';
import { swishSign } from './named/swish-sign.js';
import { xnorNet } from './named/xnor-net.js';

/** What the settings of each method are. */
interface OptionsByName {
  'ir-net': ErrorDecayOptions;
  recu: ReCUOptions;
  reste: ReSTEOptions;
  biper: BiPerOptions;
  adabin: AdaBinOptions;
  bnext: BNextOptions;
  bit: BiTOptions;
  reactnet: ReActNetOptions;
}

/** A method with settings, and which there are; both sides of a layer are made of the same ones. */
interface Maker<Options> {
  readonly make: (options: Options) => Sides;
  readonly keys: readonly (keyof Options & string)[];
}

const makers: { readonly [Name in keyof OptionsByName]: Maker<OptionsByName[Name]> } = {
  'ir-net': { make: irNet, keys: errorDecayKeys },
  recu: { make: reCU, keys: ['start', 'end', 'scale'] },
  reste: { make: reSTE, keys: ['end'] },
  biper: { make: biPer, keys: ['realUntil', 'omega', 'tau', 'scale'] },
  adabin: { make: adaBin, keys: [...errorDecayKeys, 'offset'] },
  bnext: { make: bNext, keys: ['epochs', 'shift'] },
  bit: { make: biT, keys: ['set', 'shift', 'bits'] },
  reactnet: { make: reActNet, keys: ['weights', 'shift'] },
};

const alike = (binarizer: Binarizer): Sides => ({ input: binarizer, weight: binarizer });

const published = {
  ste: alike(ste),
  identity: alike(identity),
  'approx-sign': alike(approxSign),
  'swish-sign': alike(swishSign),
  'xnor-net': xnorNet,
  'bi-real': biReal,
  reactnet: reActNet(),
  'ir-net': irNet(),
  recu: reCU(),
  reste: reSTE(),
  biper: biPer(),
  adabin: adaBin(),
  bnext: bNext(),
  bibert: biBert,
  bit: biT(),
  bop,
} as const satisfies Record<string, Sides>;

export type BinarizerName = keyof typeof published;

/** A name, or a name with settings. */
export type BinarizerSpec =
  | BinarizerName
  | { readonly [Name in BinarizerName]: { readonly name: Name } & OptionsOf<Name> }[BinarizerName];

type OptionsOf<Name> = Name extends keyof OptionsByName ? OptionsByName[Name] : unknown;

const sideOf = (side: keyof Sides) =>
  Object.fromEntries(
    Object.entries(published).map(([name, sides]) => [name, sides[side]]),
  ) as Record<BinarizerName, Binarizer>;

/** Every binarizer that a string can name, as it binarizes weights. */
export const binarizers: Readonly<Record<BinarizerName, Binarizer>> = sideOf('weight');

/** The same names, as they binarize inputs. */
export const inputBinarizers: Readonly<Record<BinarizerName, Binarizer>> = sideOf('input');

/** What may stand for the binarizer of inputs. */
export type InputBinarizerName = BinarizerSpec | 'none';

/** A published method: its two binarizers. */
export interface Method {
  readonly input: BinarizerName | Binarizer;
  readonly weight: BinarizerName | Binarizer;
  /** The optimizer that the binary weights must have; absent: any. */
  readonly optimizer?: 'bop';
}

const both = (name: BinarizerName) => ({ input: name, weight: name });

/**
 * What `--binarizer NAME` means for a whole network. Bi-Real Net's window on the inputs also stands beside the box on the
 * weights without a scale ('approx-sign'); on clipped weights the window would be 0 just where the clip holds them.
 */
export const methods = {
  ste: both('ste'),
  identity: both('identity'),
  'approx-sign': { input: 'approx-sign', weight: 'ste' },
  'swish-sign': both('swish-sign'),
  'xnor-net': both('xnor-net'),
  'bi-real': both('bi-real'),
  reactnet: both('reactnet'),
  'ir-net': both('ir-net'),
  recu: both('recu'),
  reste: both('reste'),
  biper: both('biper'),
  adabin: both('adabin'),
  bnext: both('bnext'),
  bibert: both('bibert'),
  bit: both('bit'),
  bop: { ...both('bop'), optimizer: 'bop' },
} as const satisfies Record<
  string,
  Method & { readonly input: BinarizerName; readonly weight: BinarizerName }
>;

export type MethodName = keyof typeof methods;

/** A method's name, or an object of it and the method's settings, as in a recipe. */
export type MethodSpec = string | { readonly name: string; readonly [option: string]: unknown };

const weightNames = Object.keys(published);
const inputNames = [...weightNames, 'none'];

/** What the registry made with settings, for `specOf`. */
const made = new WeakMap<Binarizer, Exclude<BinarizerSpec, string>>();

/**
 * The binarizer itself, or the one of weights that the spec names.
 * @throws InputError with the nearest right name.
 */
export function resolveBinarizer(given: BinarizerSpec | Binarizer): Binarizer {
  return resolve(given, weightNames, 'weight');
}

/** For inputs: the same, or 'none' for inputs that stay float. @throws InputError with the nearest right name. */
export function resolveInputBinarizer(given: InputBinarizerName | Binarizer): InputBinarizer {
  return given === 'none' ? given : resolve(given, inputNames, 'input');
}

/** What a saved layer writes for its binarizer; undefined for one that is not published. */
export function specOf(binarizer: InputBinarizer): InputBinarizerName | undefined {
  if (binarizer === 'none') return binarizer;
  const sides = Object.entries(published) as [BinarizerName, Sides][];
  const named = sides.find(([, { input, weight }]) => input === binarizer || weight === binarizer);
  return named === undefined ? made.get(binarizer) : named[0];
}

function resolve(
  given: BinarizerSpec | Binarizer,
  allowed: readonly string[],
  side: keyof Sides,
): Binarizer {
  const anything: unknown = given;
  if (anything === 'none') {
    throw new InputError(
      `'none' leaves inputs float and is no binarizer of weights; allowed: ${allowed.join(', ')}`,
    );
  }
  if (typeof anything !== 'string' && (typeof anything !== 'object' || anything === null)) {
    throw new InputError(
      `a binarizer must be a name (${allowed.join(', ')}), an object of a name and its settings, or an object of the four parts, got ${String(anything)}`,
    );
  }
  if (typeof given !== 'string') {
    return 'transform' in given ? given : makeSides(given, 'binarizer', allowed)[side];
  }
  if (!Object.hasOwn(published, given)) throw unknownName('binarizer', given, allowed);
  return published[given][side];
}

/** Both sides of a spec with settings. @throws InputError for a name or a setting that does not exist. */
function makeSides(
  spec: { readonly name: string },
  what: string,
  allowed: readonly string[],
): Sides {
  const { name, ...options } = spec;
  if (!Object.hasOwn(published, name)) throw unknownName(what, String(name), allowed);
  const table: Readonly<Record<string, Maker<never> | undefined>> = makers;
  const maker = Object.hasOwn(makers, name) ? table[name] : undefined;
  if (maker === undefined) {
    const [key] = Object.keys(options);
    if (key === undefined) return published[name as BinarizerName];
    throw new InputError(`${what} "${name}" has no settings, got "${key}"`);
  }
  checkKeys(options, maker.keys, `${what} "${name}"`);
  let sides: Sides;
  try {
    // The keys are checked here, the values by the maker.
    sides = maker.make(options as never);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${what} "${name}": ${error.message}`);
  }
  for (const binarizer of [sides.input, sides.weight]) {
    made.set(binarizer, { name, ...options } as Exclude<BinarizerSpec, string>);
  }
  return sides;
}

/** The method of that name, its settings applied. @throws InputError with the nearest right name. */
export function resolveMethod(given: MethodSpec): Method {
  const known: Readonly<Record<string, Method>> = methods;
  const { name, ...options } = typeof given === 'string' ? { name: given } : given;
  if (!Object.hasOwn(known, name)) throw unknownName('binarizer', name, Object.keys(known));
  const method = known[name];
  if (Object.keys(options).length === 0) return method;
  const sides = makeSides({ name, ...options }, 'binarizer', Object.keys(known));
  return { ...method, input: sides.input, weight: sides.weight };
}

/** The names of the method's settings; none for most. @throws InputError with the nearest right name. */
export function methodSettings(name: string): readonly string[] {
  resolveMethod(name);
  const table: Readonly<Record<string, { readonly keys: readonly string[] } | undefined>> = makers;
  return (Object.hasOwn(makers, name) ? table[name] : undefined)?.keys ?? [];
}

/** Its name for folders and tables; settings stand behind it: ir-net(start=-1). */
export function methodName(given: MethodSpec): string {
  if (typeof given === 'string') return given;
  const { name, ...settings } = given;
  const told = Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return told.length === 0 ? name : `${name}(${told.join(',')})`;
}
