import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { temporaryFolder } from './sets.fixture.js';
import { memorySource, OpenFile, readTar, type ByteSource } from './tar.js';
import { tarBytes } from './tar.fixture.js';

async function list(source: ByteSource, where = 'x.tar') {
  const found: Record<string, string> = {};
  for await (const { name, offset, size } of readTar(source, where)) {
    found[name] = Buffer.from(await source.read(offset, size)).toString();
  }
  return found;
}

const text = (value: string) => Buffer.from(value);

describe('readTar', () => {
  it('finds files in order, passes folders and links over, joins the prefix', async () => {
    const bytes = tarBytes([
      { name: 'train/', type: '5' },
      { name: './train/a.jpg', content: text('A'.repeat(513)) },
      { name: 'link', type: '2' },
      { name: 'b.jpg', prefix: 'train/deep', content: text('B') },
      { name: 'empty' },
    ]);
    expect(Object.entries(await list(memorySource(bytes)))).toEqual([
      ['train/a.jpg', 'A'.repeat(513)],
      ['train/deep/b.jpg', 'B'],
      ['empty', ''],
    ]);
  });

  it('knows GNU long names and pax paths', async () => {
    const long = `${'d/'.repeat(80)}x`;
    const record = (key: string, value: string) => {
      const body = ` ${key}=${value}\n`;
      const bytes = Buffer.byteLength(body);
      let length = bytes + 1;
      while (String(length).length + bytes !== length) length++;
      return `${length}${body}`;
    };
    const bytes = tarBytes([
      { name: '././@LongLink', type: 'L', content: text(`${long}\0`) },
      { name: 'cut', content: text('1') },
      { name: 'pax', type: 'x', content: text(record('path', 'größe/ä') + record('size', '2')) },
      { name: 'cut', content: text('22') },
      { name: 'plain', content: text('3') },
    ]);
    expect(await list(memorySource(bytes))).toEqual({ [long]: '1', 'größe/ä': '22', plain: '3' });
  });

  it('reads a tar within a tar by offset', async () => {
    const inner = tarBytes([{ name: 'n1/a.JPEG', content: text('picture') }]);
    const outer = tarBytes([{ name: 'n1.tar', content: inner }]);
    const source = memorySource(outer);
    for await (const { offset, size } of readTar(source, 'outer')) {
      for await (const entry of readTar(source, 'inner', offset, size)) {
        expect(entry.name).toBe('n1/a.JPEG');
        const content = await source.read(entry.offset, entry.size);
        expect(Buffer.from(content).toString()).toBe('picture');
      }
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /is no tar archive: it is too short/],
    ['no tar', Buffer.alloc(2048, 65), /is no tar archive/],
    [
      'a cut content',
      tarBytes([{ name: 'a', content: Buffer.alloc(600) }]).subarray(0, 900),
      /is cut off: "a" needs 600 bytes, 388 are left/,
    ],
    [
      'a missing end',
      tarBytes([{ name: 'a', content: Buffer.alloc(512) }]).subarray(0, 1024),
      /is cut off: its end mark/,
    ],
    [
      'a broken second header',
      Buffer.concat([tarBytes([{ name: 'a' }]).subarray(0, 512), Buffer.alloc(512, 66)]),
      /is damaged: the header at byte 512/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(list(memorySource(bytes))).rejects.toThrow(InputError);
    await expect(list(memorySource(bytes))).rejects.toThrow(message);
  });

  it.each(['gnu', 'pax', 'ustar'])('reads what the system writes as %s', async (format) => {
    const folder = await temporaryFolder();
    const deep = path.join('set', 'n'.repeat(90), 'm'.repeat(60));
    await mkdir(path.join(folder, deep), { recursive: true });
    const content: Record<string, string> = {};
    for (const name of ['a', 'b'.repeat(80)]) {
      content[path.join(deep, name)] = name.repeat(1000);
      await writeFile(path.join(folder, deep, name), name.repeat(1000));
    }
    try {
      execFileSync('tar', [`--format=${format}`, '-cf', 'x.tar', 'set'], { cwd: folder });
    } catch {
      console.warn('skipped: no GNU tar on this machine');
      return;
    }
    const file = await OpenFile.open(path.join(folder, 'x.tar'));
    expect(await list(file)).toEqual(content);
    await file.close();
    expect(await list(memorySource(await readFile(path.join(folder, 'x.tar'))))).toEqual(content);
  });
});

describe('OpenFile', () => {
  it('reads near and far places right', async () => {
    const folder = await temporaryFolder();
    const bytes = Buffer.from(
      Uint8Array.from({ length: 400_000 }, (_, i) => (i * 7 + (i >> 8)) % 251),
    );
    await writeFile(path.join(folder, 'f'), bytes);
    const file = await OpenFile.open(path.join(folder, 'f'));
    for (const [at, length] of [
      [0, 10],
      [5, 70_000],
      [390_000, 10_000],
      [100, 1],
      [70_000, 512],
      [71_000, 512],
      [0, 400_000],
    ]) {
      expect(bytes.subarray(at, at + length).equals(await file.read(at, length))).toBe(true);
    }
    await file.close();
  });

  it('names a file that is missing, or a folder', async () => {
    const folder = await temporaryFolder();
    await expect(OpenFile.open(path.join(folder, 'no'))).rejects.toThrow(/is not there/);
    await expect(OpenFile.open(folder)).rejects.toThrow(/is not a file/);
  });
});
