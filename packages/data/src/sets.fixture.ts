/**
 * What the tests of this package share: small made-up sets, IDX bytes, a folder that goes away.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { makeImageSet } from './make-image-set.js';
import { randomStream } from './random.js';
import type { ImageSet, PictureShape } from './types.js';

/** Pictures of random bytes; labels 0, 1, 2, 0, 1, 2, ... */
export function randomSet(
  count: number,
  shape: PictureShape = { height: 5, width: 4, channels: 3 },
): ImageSet {
  const random = randomStream(1, 'fixture');
  const length = count * shape.height * shape.width * shape.channels;
  return makeImageSet({
    ...shape,
    name: 'made up',
    split: 'train',
    images: Uint8Array.from({ length }, () => random.integer(256)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
    count,
    classes: ['a', 'b', 'c'],
    origin: 'a test',
  });
}

/** The bytes of an IDX file. */
export function idxBytes(
  dimensions: readonly number[],
  values: ArrayLike<number>,
  type = 8,
): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header[2] = type;
  header[3] = dimensions.length;
  dimensions.forEach((size, i) => header.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([header, Uint8Array.from(values)]);
}

/** An empty folder, removed after the test that asks for it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'surge-bnn-data-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Compiles this package, so that the worker in dist is the one of the sources under test. */
export async function buildPackage(): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const project = fileURLToPath(new URL('..', import.meta.url));
  await promisify(execFile)(process.execPath, [tsc, '-b', project]);
}
