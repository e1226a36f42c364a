/** One shift is enough: the binarizer of inputs for a network that has a learnable shift in front of each convolution itself. */
import type { Binarizer, InputBinarizer } from './binarizer.js';
import type { InputBinarizerName } from './registry.js';
import { resolveInputBinarizer, resolveMethod, specOf } from './registry.js';
import { noTransform, shiftPerChannel } from './transforms.js';

/**
 * The same sign and slope without the learnable shift per channel of `reactnet`, `bnext` and `bit`: sign(u), where u is what the network has
 * shifted. Any other binarizer comes back as it is. A layer with the result can be saved, as with what was given.
 */
export function withoutShift(given: InputBinarizerName | Binarizer): InputBinarizer {
  const binarizer = resolveInputBinarizer(given);
  if (binarizer === 'none') return binarizer;
  const spec = specOf(binarizer);
  if (spec === undefined) {
    return binarizer.transform === shiftPerChannel
      ? { ...binarizer, transform: noTransform }
      : binarizer;
  }
  const [shift] = shiftPerChannel.parameters;
  if (!binarizer.transform.parameters.some(({ name }) => name === shift.name)) return binarizer;
  const named = typeof spec === 'string' ? { name: spec } : spec;
  return resolveInputBinarizer(resolveMethod({ ...named, shift: false }).input);
}
