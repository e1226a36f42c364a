/** Pictures of the user's own, from the command line: trained on, looked over, and what is wrong with them. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchFile } from '../../../examples/import-pytorch/torch-file.mjs';
import { start, tinyRecipe, type Result } from './cli.fixture.js';

let folder: string;
let recipe: string;

/** An 8 x 8 JPEG, dark or light, with noise that the seed draws. */
async function picture(light: number, seed: number): Promise<Buffer> {
  const pixels = Uint8Array.from({ length: 192 }, (_, i) => light + ((seed * 31 + i * 17) % 60));
  return sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
    .jpeg()
    .toBuffer();
}

async function writeSet(root: string, halves: Readonly<Record<string, number>>): Promise<void> {
  for (const [half, count] of Object.entries(halves)) {
    for (const [name, light] of [
      ['dark', 20],
      ['light', 150],
    ] as const) {
      await mkdir(path.join(root, half, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        await writeFile(path.join(root, half, name, `${i}.jpg`), await picture(light, i));
      }
    }
  }
}

const run = (...args: string[]): Promise<Result> =>
  start(args, { SURGE_BNN_CACHE: path.join(folder, 'cache') }).done;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-data-'));
  await writeSet(path.join(folder, 'good'), { train: 12, val: 3 });
  await writeSet(path.join(folder, 'bad'), { train: 12, test: 3 });
  const whole = await picture(100, 1);
  await writeFile(path.join(folder, 'bad/train/dark/cut.jpg'), whole.subarray(0, -40));
  await writeSet(path.join(folder, 'cut'), { train: 12, test: 3 });
  for (const half of ['train', 'test']) {
    await writeFile(path.join(folder, `cut/${half}/dark/cut.jpg`), whole.subarray(0, -40));
  }
  await writeSet(path.join(folder, 'uneven'), { train: 2, test: 1 });
  await rm(path.join(folder, 'uneven/test/light'), { recursive: true });
  recipe = path.join(folder, 'recipe.json');
  const data = { name: 'folder', directory: path.join(folder, 'good'), size: 8 };
  const augmentation = [{ kind: 'randomResizedCrop', scale: [0.5, 1] }, { kind: 'flip' }];
  await writeFile(
    recipe,
    JSON.stringify({
      ...tinyRecipe,
      data,
      augmentation,
      batchSize: 6,
      engine: { backend: 'wasm' },
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const directory = (name: string) => ['--set', `data.directory=${path.join(folder, name)}`];

describe('train on a folder of pictures', () => {
  it('says what the numbers come from: on the terminal, in the summary, in the report, in a comparison', async () => {
    const out = path.join(folder, 'run');
    const { code, err, out: said } = await run('train', recipe, '--out', out);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(err).toContain('images: the pictures of good');
    expect(said).toMatch(/on 6 test images of the pictures of good/);
    expect(JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8'))).toMatchObject({
      dataTitle: 'the pictures of good',
      evaluationImages: 6,
    });
    expect(await readFile(path.join(out, 'report.html'), 'utf8')).toContain(
      'Images: the pictures of good.',
    );
    const compared = await run(
      'compare',
      recipe,
      '--binarizers',
      'ste',
      '--compensators',
      'none',
      '--seeds',
      '1',
      '--out',
      path.join(folder, 'compared'),
    );
    expect(compared.out).toContain('accuracy in % on 6 test images of the pictures of good');
  }, 60_000);

  it('summary knows the size and the classes', async () => {
    const { code, out } = await run('summary', recipe, '--json');
    expect(code).toBe(0);
    expect(out).toContain('"layers"');
  });

  it('stopped and resumed is not stopped, decoded batch by batch, too', async () => {
    const each = ['--set', 'data.decode=each-batch', '--engine', 'wasm'];
    const [one, two] = ['whole', 'parts'].map((name) => path.join(folder, name));
    expect((await run('train', recipe, ...each, '--out', one)).code).toBe(0);
    expect((await run('train', recipe, ...each, '--out', two, '--stop-after', '1')).code).toBe(0);
    expect((await run('train', two, '--resume')).code).toBe(0);
    const hashes = await Promise.all(
      [one, two].map(async (at) => {
        const { hashes } = JSON.parse(await readFile(path.join(at, 'summary.json'), 'utf8')) as {
          hashes: unknown;
        };
        return hashes;
      }),
    );
    expect(hashes[0]).toEqual(hashes[1]);
    const convert = await run('convert', one);
    expect({ code: convert.code, err: convert.code === 0 ? '' : convert.err }).toEqual({
      code: 0,
      err: '',
    });
    const evaluated = await run(
      'evaluate',
      path.join(one, 'model.bnn'),
      '--directory',
      path.join(folder, 'good'),
    );
    expect(evaluated.out).toMatch(/of 6 images.*\non the pictures of good/s);
    // By name: they are cut as the model takes them.
    const model = path.join(one, 'model.bnn');
    const named = ['--data', 'folder', '--directory', path.join(folder, 'good')];
    const again = await run('evaluate', model, ...named);
    expect(again.out.split(',').slice(0, 2)).toEqual(evaluated.out.split(',').slice(0, 2));
    const small = await run('evaluate', model, '--data', 'digits');
    expect([small.code, small.err]).toEqual([2, expect.stringContaining('takes 8x8x3')]);
  }, 60_000);

  it.each([
    [
      'a corrupt picture',
      () => directory('bad'),
      /the picture .*train\/dark\/cut\.jpg is corrupt or cut off .*--skip-corrupt/,
    ],
    ['a missing class', () => directory('uneven'), /has classes in train that test has not: light/],
    ['a wrong folder', () => directory('nowhere'), /nowhere is not there; give a folder/],
    [
      'no layout',
      () => directory('good/train'),
      /has no folder train, but the folders dark, light/,
    ],
    ['an option of other sets', () => ['--set', 'data.name=mnist'], /"mnist" takes no size/],
  ])('%s is one sentence and exit code 2', async (_, more, message) => {
    const out = path.join(folder, 'refused');
    const { code, err, out: said } = await run('train', recipe, ...more(), '--out', out);
    expect(err).toMatch(/^surge-bnn: [^\n]+\n$/);
    expect(err).toMatch(message);
    expect({ code, said }).toEqual({ code: 2, said: '' });
  });

  it('leaves corrupt pictures out with --skip-corrupt, and says so', async () => {
    for (const decode of ['once', 'each-batch']) {
      const out = path.join(folder, `skipped-${decode}`);
      const more = [...directory('bad'), '--set', `data.decode=${decode}`, '--skip-corrupt'];
      const { code, err } = await run('train', recipe, ...more, '--out', out, '--epochs', '1');
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
      expect(err).toMatch(/left out.*train\/dark\/cut\.jpg \(/);
    }
  }, 60_000);
});

it('counts the pictures that were evaluated, not those that are listed, and names the others', async () => {
  const out = path.join(folder, 'counted');
  const each = ['--set', 'data.decode=each-batch', '--skip-corrupt', '--epochs', '2'];
  const trained = await run('train', recipe, ...directory('cut'), ...each, '--out', out);
  const left = (half: string) =>
    new RegExp(`^left out, it cannot be decoded: .*${half}/dark/cut\\.jpg \\(.*\\)$`, 'gm');
  for (const half of ['train', 'test']) expect(trained.err.match(left(half))).toHaveLength(1);
  expect(trained.out).toContain('on 6 test images of the pictures of cut');
  const summary = JSON.parse(await readFile(path.join(out, 'summary.json'), 'utf8')) as object;
  expect(summary).toMatchObject({ evaluationImages: 6, last: { images: 6 } });

  const evaluated = await run('evaluate', out);
  expect(evaluated.err.match(left('test'))).toHaveLength(1);
  expect(evaluated.out).toContain('of 6 images)');
  const converted = await run('convert', out, '--reestimate');
  for (const half of ['train', 'test']) expect(converted.err.match(left(half))).toHaveLength(1);
  expect(converted.out).toContain('(6 test images of the pictures of cut)');
  const model = path.join(out, 'model.bnn');
  const where = ['--directory', path.join(folder, 'cut')];
  const packed = await run('evaluate', model, ...where);
  expect(packed.err.match(left('test'))).toHaveLength(1);
  expect(packed.out).toContain('of 6 images)');
  const json = await run('evaluate', model, ...where, '--json');
  expect(JSON.parse(json.out)).toMatchObject({ images: 6 });
}, 60_000);

it('weights from PyTorch are proven on pictures of a folder, as large as the network takes them', async () => {
  const pictures = path.join(folder, 'ten');
  for (const half of ['train', 'test']) {
    for (let label = 0; label < 10; label++) {
      const place = path.join(pictures, half, `class-${label}`);
      await mkdir(place, { recursive: true });
      await writeFile(path.join(place, 'one.jpg'), await picture(20 * label, label));
    }
  }
  const weights = path.join(folder, 'colour.safetensors');
  await writeFile(weights, inColour(torchFile(5)));
  const args = ['convert', weights, '--network', 'digits-cnn', '--data', 'folder'];
  const { code, out, err } = await run(...args, '--directory', pictures);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('10 of 10 outputs equal bit for bit');
  expect(out).toContain('10 test images of folder');
  expect(out).toMatch(/byte \/ 255 - 0\.\d+, 0\.\d+, 0\.\d+\) .*, from the training images/);
  const nowhere = await run(...args);
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('data.directory')]);
}, 60_000);

/** The weights of a network of grey pictures with a stem for colour: its kernel three times. */
function inColour(file: Uint8Array): Buffer {
  const bytes = Buffer.from(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: _, ...header } = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const stem = header['stem.weight'];
  const [from, to] = stem.data_offsets;
  const kernels = bytes.subarray(start + from, start + to);
  const size = kernels.length / stem.shape[0];
  const coloured = Array.from({ length: stem.shape[0] }, (_, i) => {
    const kernel = kernels.subarray(i * size, (i + 1) * size);
    return Buffer.concat([kernel, kernel, kernel]);
  });
  const more = 2 * kernels.length;
  stem.shape[1] = 3;
  for (const [name, { data_offsets: offsets }] of Object.entries(header)) {
    if (name === 'stem.weight') offsets[1] += more;
    else if (offsets[0] >= to) offsets.forEach((offset, i) => (offsets[i] = offset + more));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = [bytes.subarray(start, start + from), ...coloured, bytes.subarray(start + to)];
  return Buffer.concat([length, text, ...data]);
}

describe('data check', () => {
  it('counts, measures and ends with 0 when all is well', async () => {
    const { code, out } = await run('data', 'check', path.join(folder, 'good'));
    expect(code).toBe(0);
    expect(out).toMatch(
      /^train: 24 pictures in 2 classes\n {2}dark: 12\n {2}light: 12\n {2}width 8, height 8\n {2}mean 0\.\d{4}, /,
    );
    expect(out).toMatch(/\nval: 6 pictures in 2 classes/);
  });

  it('names what is corrupt or missing and ends with 2', async () => {
    const bad = await run('data', 'check', path.join(folder, 'bad'), '--json');
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.out)).toMatchObject({
      halves: [
        { count: 25, corrupt: [{ picture: path.join(folder, 'bad/train/dark/cut.jpg') }] },
        {},
      ],
    });
    const uneven = await run('data', 'check', path.join(folder, 'uneven'));
    expect(uneven.code).toBe(2);
    expect(uneven.out).toMatch(/has classes in train that test has not: light/);
    const none = await run('data', 'check', path.join(folder, 'cache'));
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/^surge-bnn: .*has no folder train/);
  });
});
