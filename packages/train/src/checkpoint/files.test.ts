import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { InputError } from '@surge-bnn/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diskError, writeAtomic } from './atomic.js';
import { lockFolder } from './lock.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import type { StoredTensor } from './safetensors.js';

const hex = ({ buffer, byteOffset, byteLength }: Float32Array | Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

const temporary = () => mkdtemp(join(tmpdir(), 'checkpoint-'));

describe('safetensors', () => {
  const tensor: fc.Arbitrary<StoredTensor> = fc.oneof(
    fc.float32Array().map((values) => ({ shape: [values.length], values })),
    fc.uint8Array().map((values) => ({ shape: [1, values.length], values })),
  );

  it('gives back every bit, NaN and -0 included', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), tensor)), (list) => {
        const tensors = new Map(
          list.filter(([name]) => name !== '__metadata__' && name !== '__proto__'),
        );
        // A Buffer, as readFile gives it: its slice() is a view, unlike an array's.
        const decoded = decodeSafetensors(Buffer.from(encodeSafetensors(tensors)), 'file');
        expect(decoded.size).toBe(tensors.size);
        for (const [name, { shape, values }] of tensors) {
          const back = decoded.get(name);
          expect(back?.shape).toEqual(shape);
          expect(back && hex(back.values)).toBe(hex(values));
        }
      }),
    );
  });

  it('has the layout of the format', () => {
    const file = encodeSafetensors(
      new Map<string, StoredTensor>([
        ['b', { shape: [1], values: Uint8Array.of(7) }],
        ['a', { shape: [2], values: Float32Array.of(1, -2) }],
      ]),
    );
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({
      a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      b: { dtype: 'U8', shape: [1], data_offsets: [8, 9] },
    });
    expect([...file.subarray(8 + length)]).toEqual([0, 0, 128, 63, 0, 0, 0, 192, 7]);
  });

  it('refuses every truncation with a sentence', () => {
    const file = encodeSafetensors(new Map([['a', { shape: [2], values: Float32Array.of(1, 2) }]]));
    for (let length = 0; length < file.length; length++) {
      expect(() => decodeSafetensors(file.subarray(0, length), 'x.safetensors')).toThrow(
        /^x\.safetensors is damaged: /,
      );
    }
  });
});

describe('writeAtomic', () => {
  it('replaces the file and leaves nothing beside it', async () => {
    const folder = await temporary();
    const path = join(folder, 'f');
    await writeAtomic(path, 'one');
    await writeAtomic(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['f']);
  });

  it('keeps the old file when the new one cannot be put there', async () => {
    const folder = await temporary();
    await mkdir(join(folder, 'f', 'inside'), { recursive: true });
    await expect(writeAtomic(join(folder, 'f'), 'x')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['f']);
  });

  it.runIf(process.platform === 'linux')('says that the disk is full', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    expect(diskError('p', full)).toBeInstanceOf(InputError);
    expect(String(diskError('p', full))).toContain('cannot write p: the disk is full (ENOSPC)');
    await expect(writeFile('/dev/full', 'x')).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describe('lockFolder', () => {
  it('keeps a second one out until it is released', async () => {
    const folder = await temporary();
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await release();
    await (
      await lockFolder(folder)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over a lock that was never written, and waits for one that is being written', async () => {
    const folder = await temporary();
    const lock = join(folder, 'run.lock');
    await writeFile(lock, '');
    await (
      await lockFolder(folder)
    )();
    await writeFile(lock, '');
    const refused = expect(lockFolder(folder)).rejects.toThrow(`in use by process ${process.pid}`);
    await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
    await refused;
    await rm(lock);
  });

  it('takes over the lock of a process that is gone', async () => {
    const folder = await temporary();
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(join(folder, 'run.lock'), JSON.stringify({ pid, host: hostname() }));
    const release = await lockFolder(folder);
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('respects what it cannot judge', async () => {
    const folder = await temporary();
    await writeFile(join(folder, 'run.lock'), JSON.stringify({ pid: 1, host: 'elsewhere' }));
    await expect(lockFolder(folder)).rejects.toThrow('elsewhere');
    await writeFile(join(folder, 'run.lock'), '?');
    await expect(lockFolder(folder)).rejects.toThrow('another process');
  });
});
