/** Refusals of hostile files, and the bytes that they may take. */
import { expect } from 'vitest';
import { ModelFileError } from '../model-file-error.js';
import { decodeModel } from './read.js';

/** The message of a refusal; whatever else happens fails the test. */
export function refusal(
  file: Uint8Array,
  decode: (file: Uint8Array) => unknown = decodeModel,
): string {
  try {
    decode(file);
  } catch (error) {
    if (error instanceof ModelFileError) return error.message;
    throw error;
  }
  throw new Error('accepted');
}

/** Refused, with a message of bounded length that says this, and before typed arrays of any size are made. */
export function expectRefused(
  make: () => Uint8Array,
  message: string | RegExp,
  decode?: (file: Uint8Array) => unknown,
): void {
  const hostile = make();
  const before = process.memoryUsage().arrayBuffers;
  const told = refusal(hostile, decode);
  const taken = process.memoryUsage().arrayBuffers - before;
  // The header's text is built from a buffer of its size.
  expect(taken).toBeLessThan(2 ** 22 + 2 * hostile.length);
  expect(told).toMatch(message);
  expect(told.length).toBeLessThan(600);
}

/** A case for a table of refusals: what the file is, the file, what the message says. */
export type Refusal = readonly [string, () => Uint8Array, string | RegExp];
