/**
 * The reader of examples/c-reader on models by chance, whose outputs are the runtime's bit for bit, and on damaged files, which it
 * reads or refuses in one sentence, under GCC's or clang's checks of addresses and of undefined behaviour where they are installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackedModel } from '../execute/packed-model.js';
import { models } from '../format/models.fixture.js';
import { mutate, mutation } from '../format/mutation.fixture.js';
import { encodeModel } from '../format/write.js';
import { ModelFileError } from '../model-file-error.js';
import { drawModel } from './random-model.fixture.js';
import type { Limits } from './random-model.fixture.js';

const example = fileURLToPath(new URL('../../../../examples/c-reader/', import.meta.url));

const limits: Limits = {
  ops: [
    ...(['sign', 'threshold', 'binaryConv2d', 'binaryDense', 'conv2d', 'dense', 'affine'] as const),
    ...(['relu', 'clip', 'maxPool2d', 'averagePool2d', 'add', 'reshape'] as const),
  ],
  weights: ['f32', 'bits'],
  joined: 2,
};

const hasCompiler = spawnSync('cc', ['--version']).status === 0;

describe.skipIf(!hasCompiler)('the C reader (skipped where there is no compiler "cc")', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'c-reader-'));
    if (!compile(['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'])) {
      console.warn('this compiler has no sanitizers: damaged files are read without them');
      expect(compile(['-O2'])).toBe(true);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Whether there is a program then that runs. */
  function compile(flags: readonly string[]): boolean {
    const args = ['-std=c99', '-ffp-contract=off', ...flags];
    const files = ['-o', path.join(folder, 'bnn'), path.join(example, 'bnn.c')];
    return spawnSync('cc', [...args, ...files]).status === 0 && bnn('', '').status === 2;
  }

  function bnn(model: string, picture: string) {
    // It frees nothing, so leaks are no mistake.
    const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
    return spawnSync(path.join(folder, 'bnn'), [model, picture], { encoding: 'utf8', env });
  }

  /** Logits, or nothing where the file is refused. */
  function classify(file: Uint8Array, picture: Uint8Array): Float32Array | undefined {
    const [model, bytes] = ['model.bnn', 'picture.raw'].map((name) => path.join(folder, name));
    writeFileSync(model, file);
    writeFileSync(bytes, picture);
    const { status, stdout, stderr } = bnn(model, bytes);
    if (status === 2) {
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^[^\n]+\n$/);
      return undefined;
    }
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [, numbers] = /\nlogits (.*)\n$/.exec(stdout) ?? [];
    return Float32Array.from(numbers.split(' '), hexNumber);
  }

  /** The runtime's outputs; nothing for a file that it refuses, or a NaN at a sign. */
  function expected(file: Uint8Array, picture: Uint8Array): Float32Array | undefined {
    try {
      return PackedModel.fromBytes(file).run(picture);
    } catch (error) {
      if (error instanceof ModelFileError) return undefined;
      throw error;
    }
  }

  const pictureFor = (count: number) =>
    Uint8Array.from({ length: count }, (_, i) => (i * i * 37 + i * 11) % 256);

  it('computes what the runtime computes, on models by chance', () => {
    const ops = new Set<string>();
    let computed = 0;
    fc.assert(
      fc.property(fc.gen(), (draw) => {
        const { source, x } = drawModel(draw, limits);
        for (const { op } of source.graph.nodes) ops.add(op);
        const file = encodeModel(source);
        const picture = pictureFor(x.length);
        const logits = classify(file, picture);
        expect(logits).toEqual(expected(file, picture));
        if (logits !== undefined) computed += 1;
      }),
      // Shrinking would start a process for each try.
      { numRuns: 80, endOnFailure: true },
    );
    expect(computed).toBeGreaterThan(70);
    expect([...ops].sort()).toEqual([...limits.ops].sort());
  });

  it('reads damaged files or refuses them, and never crashes', () => {
    const digits = new Uint8Array(readFileSync(path.join(example, 'digits.bnn')));
    const files = [digits, digits, digits, ...models.map(([, model]) => encodeModel(model()))];
    const damaged = fc.record({
      file: fc.constantFrom(...files),
      mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    });
    let read = 0;
    let refused = 0;
    fc.assert(
      fc.property(damaged, ({ file, mutations }) => {
        const bytes = mutate(file, mutations);
        const picture = pictureFor(784);
        const logits = classify(bytes, picture);
        const right = expected(bytes, picture);
        if (logits === undefined) refused += 1;
        if (logits === undefined || right === undefined) return;
        expect(logits).toEqual(right);
        read += 1;
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(read).toBeGreaterThan(10);
    expect(refused).toBeGreaterThan(100);
  });
});

/** What printf writes for %a, of float32 in float64. */
function hexNumber(text: string): number {
  const special = { inf: Infinity, '-inf': -Infinity, nan: NaN, '-nan': NaN };
  if (text in special) return special[text as keyof typeof special];
  const [, sign, whole, fraction = '', exponent] =
    /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text) ?? [];
  const size = Number(whole) + Number(`0x0${fraction}`) / 16 ** fraction.length;
  return (sign === '-' ? -size : size) * 2 ** Number(exponent);
}
