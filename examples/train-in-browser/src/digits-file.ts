/**
 * The digits in one file: a line of JSON with what the sets say about themselves, then the bytes of each half, pictures before
 * labels; all of it gzipped, 1.6 MB. Written when the site is built, read in the worker.
 */
import { InputError } from '@surge-bnn/contract';
import type { ImageSet } from '@surge-bnn/data/browser';

/** Beside the page. It does not end in .gz, because some servers would unpack it. */
export const digitsName = 'digits.bin';

export interface Digits {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

type Facts = Omit<ImageSet, 'images' | 'labels'>;

export async function encodeDigits({ train, test }: Digits): Promise<Uint8Array> {
  const head = new TextEncoder().encode(`${JSON.stringify([factsOf(train), factsOf(test)])}\n`);
  const parts = [head, train.images, train.labels, test.images, test.labels];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return through(whole, new CompressionStream('gzip'));
}

/**
 * From the page's own server.
 *
 * @throws InputError when it is not there, or is another file.
 */
export async function fetchDigits(base: string): Promise<Digits> {
  const sentence = `${digitsName} could not be fetched`;
  let file: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(new URL(digitsName, base));
    if (!response.ok) throw new InputError(`${sentence}: the server says ${response.status}`);
    file = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`${sentence}: the server does not answer, or not to the end`, { cause });
  }
  try {
    return await decodeDigits(file);
  } catch (cause) {
    throw new InputError(
      `${digitsName} on the server is damaged, or another file: put the one there that was built with this page`,
      { cause },
    );
  }
}

/** @throws Error when it is no such file. */
export async function decodeDigits(file: Uint8Array<ArrayBuffer>): Promise<Digits> {
  const whole = await through(file, new DecompressionStream('gzip'));
  const end = whole.indexOf('\n'.charCodeAt(0));
  const facts: unknown = JSON.parse(new TextDecoder().decode(whole.subarray(0, end)));
  if (!Array.isArray(facts) || facts.length !== 2 || !facts.every(isFacts)) {
    throw new Error(`${digitsName} does not begin with the facts of two sets`);
  }
  let at = end + 1;
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > whole.length) throw new Error(`${digitsName} ends early`);
    return whole.slice(at - length, at);
  };
  const [train, test] = facts.map((one): ImageSet => {
    const images = take(one.count * one.height * one.width * one.channels);
    return { ...one, images, labels: take(one.count) };
  });
  return { train, test };
}

function factsOf({ images: _images, labels: _labels, ...facts }: ImageSet): Facts {
  return facts;
}

function isFacts(value: unknown): value is Facts {
  if (typeof value !== 'object' || value === null || !('classes' in value)) return false;
  const numbers = ['count', 'height', 'width', 'channels'];
  return (
    numbers.every((name) => Number.isInteger(Reflect.get(value, name))) &&
    Array.isArray(value.classes)
  );
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(out).arrayBuffer());
}
