import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { randomStream } from './random.js';
import { temporaryFolder } from './sets.fixture.js';
import { zipBytes, type ZipFixture } from './zip.fixture.js';
import { readZip, zipContent } from './zip.js';

const random = randomStream(1, 'zip');
const entries: readonly ZipFixture[] = [
  { name: 'a/' },
  { name: 'a/one.bin', content: Uint8Array.from({ length: 3000 }, () => random.integer(256)) },
  { name: 'a/zwei ü.txt', content: Buffer.from('again and '.repeat(500)), method: 8 },
  { name: 'empty' },
  { name: 'empty, deflated', method: 8 },
];

async function archive(bytes: Uint8Array): Promise<string> {
  const file = path.join(await temporaryFolder(), 'test.zip');
  await writeFile(file, bytes);
  return file;
}

describe('readZip and zipContent', () => {
  it.each([
    ['plain', {}],
    ['zip64', { large: true }],
    ['with a comment that looks like an end', { comment: 'PK\x05\x06 is not the end' }],
  ])('%s: names, sizes, contents; folders left out', async (_, options) => {
    const file = await archive(zipBytes(entries, options));
    const found = await readZip(file);
    expect(found.map(({ name, size }) => [name, size])).toEqual([
      ['a/one.bin', 3000],
      ['a/zwei ü.txt', 5000],
      ['empty', 0],
      ['empty, deflated', 0],
    ]);
    for (const [i, entry] of found.entries()) {
      const content = await buffer(await zipContent(file, entry));
      expect(content.equals(Buffer.from(entries[i + 1].content ?? []))).toBe(true);
    }
    expect(found[1].packedSize).toBeLessThan(200);
  });

  it('an archive without files', async () => {
    expect(await readZip(await archive(zipBytes([])))).toEqual([]);
  });

  it('refuses what is missing, no zip, cut off, encrypted, or packed otherwise', async () => {
    const whole = zipBytes(entries);
    const read = async (bytes: Uint8Array) => readZip(await archive(bytes));
    await expect(readZip('/none.zip')).rejects.toThrow(/\/none\.zip is not there/);
    await expect(read(Buffer.from('hello'))).rejects.toThrow(InputError);
    await expect(read(Buffer.alloc(100))).rejects.toThrow(/is no zip archive, or is cut off/);
    await expect(read(whole.subarray(0, -1))).rejects.toThrow(/is no zip archive, or is cut off/);
    await expect(read(whole.subarray(1000))).rejects.toThrow(/is cut off|is damaged/);
    await expect(read(zipBytes([{ name: 'x', method: 12 }]))).rejects.toThrow(
      /holds x, which is packed by method 12; known are stored and deflated/,
    );
    await expect(read(zipBytes([{ name: 'x', encrypted: true }]))).rejects.toThrow(/is encrypted/);
  });

  it('refuses a broken header; broken contents fail the stream', async () => {
    const bytes = zipBytes(entries);
    bytes[bytes.indexOf('a/one.bin') - 30] = 0; // the local header's mark
    const file = await archive(bytes);
    const [first] = await readZip(file);
    await expect(zipContent(file, first)).rejects.toThrow(/the header of a\/one\.bin is broken/);
    const other = zipBytes(entries);
    const at = other.indexOf('zwei');
    other.fill(0xff, at + 20, at + 40);
    const broken = await archive(other);
    const [, second] = await readZip(broken);
    await expect(zipContent(broken, second).then(buffer)).rejects.toThrow();
  });
});
