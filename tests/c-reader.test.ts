/**
 * The reader in C, as its README tells to build it: without a warning, on the real digits the same logits as the runtime, and one
 * sentence for what it cannot read. (Models by chance and damaged files: packages/runtime/src/dump/c-reader.test.ts.)
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { packModel } from '@surge-bnn/converter';
import { loadImages } from '@surge-bnn/data';
import { buildModel } from '@surge-bnn/models';
import { PackedModel, encodeModel } from '@surge-bnn/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const source = fileURLToPath(new URL('../examples/c-reader/', import.meta.url));
const read = (name: string): string => readFileSync(path.join(source, name), 'utf8');
const hasCompiler = spawnSync('cc', ['--version']).status === 0;

it('has fewer than 300 lines', () => {
  expect(read('bnn.c').split('\n').length).toBeLessThan(300 + 1);
});

describe.skipIf(!hasCompiler)('the C reader (skipped where there is no compiler "cc")', () => {
  let folder: string;
  const digits = new Uint8Array(readFileSync(path.join(source, 'digits.bnn')));
  const file = (name: string, content: Uint8Array | string): string => {
    const where = path.join(folder, name);
    writeFileSync(where, content);
    return where;
  };
  const bnn = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(path.join(folder, 'bnn'), args, {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const classify = (model: string, picture: string) => {
    const { status, stdout, stderr } = bnn(model, picture);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [, name, numbers] = /^class (.*)\nlogits (.*)\n$/.exec(stdout) ?? [];
    return { name, logits: Float32Array.from(numbers.split(' '), hexNumber) };
  };

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'c-reader-'));
    const [, command] = /^ {4}(cc .*)$/m.exec(read('README.md')) ?? [];
    const [compiler, ...args] = command
      .replace('-o bnn', `-o ${folder}/bnn`)
      .replace('bnn.c', `${source}bnn.c`)
      .split(' ');
    const { status, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('classifies digits with the bits of the runtime', async () => {
    const { images, labels } = await loadImages('digits', { split: 'test' });
    const model = PackedModel.fromBytes(digits);
    const where = file('digits.bnn', digits);
    let correct = 0;
    for (let i = 0; i < 100; i++) {
      const bytes = images.slice(784 * i, 784 * (i + 1));
      const raw = classify(where, file('digit.raw', bytes));
      const expected = model.run(bytes);
      expect(raw.logits).toEqual(expected);
      expect(raw.name).toBe(model.classes?.[expected.indexOf(Math.max(...expected))]);
      if (raw.name === String(labels[i])) correct += 1;
      if (i >= 5) continue;
      const header = new TextEncoder().encode(['P5 28 28 255\n', 'P5\n28\n28\n255 '][i % 2]);
      expect(classify(where, file('digit.pgm', Buffer.concat([header, bytes])))).toEqual(raw);
    }
    expect(correct).toBeGreaterThan(90);
  });

  it.each([
    ['digits-cnn', { width: 5 }, [28, 28, 1]],
    ['mlp', { depth: 3, units: 20 }, [28, 28, 1]],
    ['vgg-small', { width: 4 }, [16, 16, 3]],
    ['cifar-resnet-18', { width: 2 }, [16, 16, 3]],
  ] as const)('computes an untrained %s as the runtime does', (network, options, inputShape) => {
    const model = buildModel(
      { network, options },
      {
        inputBinarizer: 'ste',
        weightBinarizer: 'ste',
        seed: 3,
        inputShape: [...inputShape],
        classes: 10,
      },
    );
    const channels = inputShape[2];
    const pixels = {
      mean: Array.from({ length: channels }, (_, c) => 0.4 + c / 10),
      std: Array.from({ length: channels }, (_, c) => 0.3 - c / 20),
    };
    const bytes = encodeModel(packModel(model, { pixels }).source);
    model.dispose();
    const packed = PackedModel.fromBytes(bytes);
    const picture = Uint8Array.from(
      { length: inputShape[0] * inputShape[1] * channels },
      (_, i) => (i * i * 31 + i * 7) % 256,
    );
    const header = `P${channels === 1 ? 5 : 6} ${inputShape[1]} ${inputShape[0]} 255\n`;
    const written = file('picture', Buffer.concat([Buffer.from(header), picture]));
    const expected = packed.run(picture);
    const { name, logits } = classify(file('model.bnn', bytes), written);
    expect(logits).toEqual(expected);
    expect(name).toBe(String(expected.indexOf(Math.max(...expected))));
  });

  const damaged: readonly (readonly [string, RegExp, () => Uint8Array | undefined])[] = [
    ['a file that is cut off', /too large: data_offsets$/m, () => digits.slice(0, -1)],
    [
      'a file that is cut off in its header',
      /no model file, or cut off/,
      () => digits.slice(0, 99),
    ],
    ['an empty file', /no model file, or cut off/, () => new Uint8Array(0)],
    ['a damaged header', /JSON is broken/, () => replaced(digits, '"shape":', '"shape";')],
    ['a header of noise', /JSON is broken/, () => digits.slice().fill(0x80, 8, 300)],
    ['another version', /the file is of version 2$/m, () => replaced(digits, '"1"', '"2"')],
    [
      'another format',
      /knows version 1 of surge-bnn/,
      () => replaced(digits, '"surge-', '"sugre-'),
    ],
    [
      'an op that it has not',
      /has no op gelu$/m,
      () => replaced(digits, '"op\\":\\"relu', '"op\\":\\"gelu'),
    ],
    ['JSON without an end', /JSON is broken/, () => withHeader('{"a":' + '['.repeat(1e5))],
    ['a number beyond f64', /JSON is broken/, () => withHeader('{"a":1e999}')],
    ['JSON and more', /JSON is broken/, () => withHeader('{}{}')],
    [
      'a key that stands twice',
      /two have the key inputs/,
      () => withHeader(metadata('{"inputs":[],"inputs":[]}')),
    ],
    [
      'a graph of another kind',
      /of a wrong type: inputs/,
      () => withHeader(metadata('{"inputs":1}')),
    ],
    [
      'a graph without an input',
      /has no input/,
      () => withHeader(metadata('{"inputs":[],"nodes":[]}')),
    ],
    ['a picture of 1 GiB', /more memory than/, () => withHeader(metadata(hugeInput))],
    ['a file that is not there', /cannot be read/, () => undefined],
  ];
  it.each(damaged)('refuses %s', (_, sentence, model) => {
    const bytes = model();
    const where = bytes === undefined ? path.join(folder, 'nothing') : file('damaged.bnn', bytes);
    expectRefusal(bnn(where, file('digit.raw', new Uint8Array(784))), sentence);
  });

  it.each([
    ['too few bytes', /has not as many bytes/, new Uint8Array(783)],
    ['too many bytes', /has not as many bytes/, new Uint8Array(785)],
    ['nothing', /has not as many bytes/, new Uint8Array(0)],
    ['a PGM of another size', /another size/, pgm('P5 28 27 255\n', 784)],
    ['a PGM that is cut off', /has not as many bytes/, pgm('P5 28 28 255\n', 783)],
    ['a PGM of 16 bits', /values up to another number/, pgm('P5 28 28 65535\n', 1568)],
    ['a PPM', /other channels/, pgm('P6 28 28 255\n', 2352)],
    ['a PGM of text', /other channels/, pgm('P2 28 28 255\n', 784)],
  ])('refuses a picture of %s', (_, sentence, bytes) => {
    const where = file('digits.bnn', digits);
    expectRefusal(bnn(where, file('picture', bytes)), sentence);
  });

  it('refuses directories, missing pictures and missing arguments', () => {
    const where = file('digits.bnn', digits);
    expectRefusal(bnn(folder, where), /cannot be read/);
    expectRefusal(bnn(where, path.join(folder, 'nothing')), /cannot be read/);
    expectRefusal(bnn(where), /give a model and a picture/);
    expectRefusal(bnn(), /give a model and a picture/);
  });

  it('is run as the README says, on the picture that the script makes', () => {
    const script = path.join(source, 'digit.mjs');
    const { stdout } = spawnSync(process.execPath, [script, '3']);
    const [, name] = /prints `class (\d)`/.exec(read('README.md')) ?? [];
    expect(classify(file('digits.bnn', digits), file('digit.pgm', stdout)).name).toBe(name);
    expect(spawnSync(process.execPath, [script, '2000']).status).toBe(2);
  });
});

const hugeInput = '{"inputs":[{"name":"x","shape":[16384,16384],"pixels":{}}],"nodes":[]}';

function expectRefusal(
  { status, stdout, stderr }: { status: number | null; stdout: string; stderr: string },
  sentence: RegExp,
): void {
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr).toMatch(sentence);
}

/** What printf writes for %a of a normal number or zero. */
function hexNumber(text: string): number {
  const [, sign, whole, fraction = '', exponent] =
    /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)$/.exec(text) ?? [];
  const size =
    (Number(whole) + Number(`0x0${fraction}`) / 16 ** fraction.length) * 2 ** Number(exponent);
  return sign === '-' ? -size : size;
}

/** The file with one text of its header replaced by another of the same length. */
function replaced(model: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(model).toString('latin1');
  expect(text.includes(from)).toBe(true);
  return new Uint8Array(Buffer.from(text.replace(from, to), 'latin1'));
}

/** A file of this header and nothing else. */
function withHeader(text: string): Uint8Array {
  const padded = text.padEnd(8 * Math.ceil(text.length / 8));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(padded.length), true);
  return new Uint8Array(Buffer.concat([size, Buffer.from(padded)]));
}

/** A header with this graph. */
function metadata(graph: string): string {
  return JSON.stringify({ __metadata__: { format: 'surge-bnn', version: '1', graph } });
}

function pgm(header: string, size: number): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(header), new Uint8Array(size)]));
}
