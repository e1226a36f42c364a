/**
 * SSD's changes of colour (Liu et al. 2016, section 2.2, after Howard 2013): brightness, contrast, saturation and hue, each with a
 * probability of its own, then perhaps the channels exchanged. torchvision's RandomPhotometricDistort has the amounts 0.125, 0.5, 0.5, 0.05 and the
 * probability 1/2 throughout; there contrast comes before or after saturation and hue, here all four come in a random order.
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from '../augmentation.js';
import { colorJitter, type JitterAmounts } from '../colour.js';

export interface SsdColour extends JitterAmounts {
  /** With which each of the four is applied. Default 1. */
  readonly probability?: number;
  /** With which the channels come in a random order. Default 0. */
  readonly exchange?: number;
}

/** The changes that have an amount. */
export const SSD_KINDS = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/**
 * The change. Draws, unless the probability is 1, one number for each kind; then what `colorJitter` draws; then, if channels may be
 * exchanged, one number, and their order.
 *
 * @throws InputError for amounts and probabilities out of range.
 */
export function ssdColour(colour: SsdColour): Augmentation {
  const { probability = 1, exchange = 0, ...amounts } = colour;
  colorJitter(amounts);
  for (const [name, value] of Object.entries({ probability, exchange })) {
    if (value >= 0 && value <= 1) continue;
    throw new InputError(`${name} of augmentation.colour must be in 0 to 1, got ${value}`);
  }
  return (source, target, shape, random) => {
    const chosen = SSD_KINDS.filter(
      () => probability === 1 || random.uniform() < probability,
    ).flatMap((kind) => {
      const amount = amounts[kind];
      return amount === undefined ? [] : [[kind, amount] as const];
    });
    colorJitter(Object.fromEntries(chosen))(source, target, shape, random);
    if (exchange === 0 || random.uniform() >= exchange) return;
    const order = random.permutation(3);
    for (let at = 0; at < target.length; at += 3) {
      const pixel = [target[at], target[at + 1], target[at + 2]];
      for (let c = 0; c < 3; c++) target[at + c] = pixel[order[c]];
    }
  };
}
