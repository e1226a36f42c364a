/**
 * Small pictures for the tests: made from random numbers, written as PNG (so their pixels are known) or JPEG.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { onTestFinished, vi } from 'vitest';
import { randomStream } from '../random.js';
import { temporaryFolder } from '../sets.fixture.js';

/** Random RGB bytes, HWC. */
export function randomPixels(seed: number, width: number, height: number): Uint8Array {
  const random = randomStream(seed, 'picture');
  return Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
}

export function encode(
  pixels: Uint8Array,
  width: number,
  height: number,
  format: 'png' | 'jpeg' = 'png',
): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}

/** Writes files by their paths under a new folder. */
export async function folderOfFiles(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  return root;
}

/** PNGs of `size` x `size`: `counts` for each half and class; picture i has randomPixels(i). */
export async function pngs(
  size: number,
  counts: Readonly<Record<string, number>>,
): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  let seed = 0;
  for (const [folder, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      files[`${folder}/${i}.png`] = await encode(randomPixels(seed++, size, size), size, size);
    }
  }
  return files;
}

/** A cache of this test's own. */
export async function ownCache(): Promise<string> {
  const folder = await temporaryFolder();
  vi.stubEnv('SURGE_BNN_CACHE', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}
