/**
 * Random changes of colour, for pictures of three channels (`augment` refuses others): torchvision's ColorJitter and the lighting noise
 * of AlexNet. They work on floats: values are kept within 0..255 where torchvision clamps, and never rounded.
 */
import { InputError } from '@surge-bnn/contract';
import type { Augmentation } from './augmentation.js';

/** Largest amounts, each at least 0; hue at most 0.5. Absent: 0, no change of that kind. */
export interface JitterAmounts {
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  readonly hue?: number;
}

/**
 * Brightness, contrast, saturation and hue in a random order, as torchvision's `ColorJitter`: factors even in
 * max(0, 1 - amount) .. 1 + amount, the turn of the hue even in -hue .. hue (1 is the whole circle).
 *
 * The draws: the order, then one number for each kind that has an amount, in the order of the names above.
 */
export function colorJitter(amounts: JitterAmounts): Augmentation {
  const { brightness = 0, contrast = 0, saturation = 0, hue = 0 } = amounts;
  for (const [name, value] of Object.entries({ brightness, contrast, saturation })) {
    checkAmount(name, value, Infinity);
  }
  checkAmount('hue', hue, 0.5);
  return (source, target, _shape, random) => {
    const order = random.permutation(4);
    const factor = (amount: number) => {
      const low = Math.max(0, 1 - amount);
      return amount === 0 ? 1 : low + (1 + amount - low) * random.uniform();
    };
    const factors = [factor(brightness), factor(contrast), factor(saturation)];
    const turn = hue === 0 ? 0 : hue * (2 * random.uniform() - 1);
    target.set(source);
    for (const kind of order) {
      if (kind === 0 && brightness > 0) blend(target, () => 0, factors[0]);
      if (kind === 1 && contrast > 0) {
        const mean = meanGrey(target);
        blend(target, () => mean, factors[1]);
      }
      if (kind === 2 && saturation > 0) blend(target, (at) => grey(target, at), factors[2]);
      if (kind === 3 && hue > 0) turnHue(target, turn);
    }
  };
}

/**
 * AlexNet's lighting noise: along the principal components of ImageNet's colours, each by its eigenvalue times
 * a normal number of deviation `std` (Krizhevsky, Sutskever, Hinton 2012, section 4.1; 0.1 there). The numbers
 * below are those of the fb.resnet.torch recipe, for colours in 0..1. Draws three normal numbers.
 */
export function lighting(std = 0.1): Augmentation {
  if (!(std >= 0 && Number.isFinite(std))) {
    throw new InputError(`std of augmentation "lighting" must be at least 0, got ${std}`);
  }
  return (source, target, _shape, random) => {
    const alpha = EIGENVALUES.map((value) => value * std * random.normal());
    const add = EIGENVECTORS.map(([x, y, z]) => 255 * (x * alpha[0] + y * alpha[1] + z * alpha[2]));
    for (let i = 0; i < source.length; i++) target[i] = source[i] + add[i % 3];
  };
}

const EIGENVALUES = [0.2175, 0.0188, 0.0045] as const;
/** One row for each of red, green, blue; one column for each component. */
const EIGENVECTORS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;

/** factor * pixel + (1 - factor) * other, within 0..255; `other` is told where the pixel begins. */
function blend(pixels: Float32Array, other: (at: number) => number, factor: number): void {
  for (let at = 0; at < pixels.length; at += 3) {
    const rest = (1 - factor) * other(at);
    for (let c = 0; c < 3; c++) pixels[at + c] = clamp(factor * pixels[at + c] + rest);
  }
}

/** ITU-R 601 luma, as PIL and torchvision weigh. */
function grey(pixels: Float32Array, at: number): number {
  return 0.2989 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
}

function meanGrey(pixels: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 3) sum += grey(pixels, at);
  return sum / (pixels.length / 3);
}

/**
 * Turns the hue in HSV. With value v = max, chroma c = max - min and the hue's sector position, channel n of
 * (5, 3, 1) is v - c * max(0, min(k, 4 - k, 1)), k = (n + 6 hue) mod 6: the closed form of the six cases.
 */
function turnHue(pixels: Float32Array, turn: number): void {
  for (let at = 0; at < pixels.length; at += 3) {
    const [r, g, b] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const value = Math.max(r, g, b);
    const chroma = value - Math.min(r, g, b);
    if (chroma === 0) continue; // grey has no hue
    let sector: number;
    if (value === r) sector = (g - b) / chroma;
    else if (value === g) sector = 2 + (b - r) / chroma;
    else sector = 4 + (r - g) / chroma;
    const turned = sector + 6 * turn + 12; // the 12 keeps it above 0
    for (let c = 0; c < 3; c++) {
      const k = (5 - 2 * c + turned) % 6;
      pixels[at + c] = value - chroma * Math.max(0, Math.min(k, 4 - k, 1));
    }
  }
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function checkAmount(name: string, value: number, most: number): void {
  if (value >= 0 && value <= most && Number.isFinite(value)) return;
  const allowed = Number.isFinite(most) ? `0 to ${most}` : 'at least 0';
  throw new InputError(`${name} of augmentation "colorJitter" must be ${allowed}, got ${value}`);
}
