/** The verbs around model files, as a user runs them: one tiny run, trained once. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadImages } from '@surge-bnn/data';
import {
  dumpIntegers,
  integersJson,
  decodeModel,
  encodeModel,
  PackedModel,
} from '@surge-bnn/runtime';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { torchFile } from '../../../../examples/import-pytorch/torch-file.mjs';
import { cli, start, tinyRecipe } from '../cli.fixture.js';
import { inThisProcess } from '../in-process.fixture.js';

let folder: string;
let run: string;
let model: string;
const at = (name: string) => path.join(folder, name);

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await cli(...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Record<string, unknown>;
}

beforeAll(async () => {
  // Every run of the command listens for a closed pipe.
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
  folder = await mkdtemp(path.join(tmpdir(), 'surge-model-file-'));
  run = at('run');
  model = path.join(run, 'model.bnn');
  await writeFile(at('tiny.json'), JSON.stringify(tinyRecipe));
  await json('train', at('tiny.json'), '--out', run);
  await json('convert', run);
  const source = decodeModel(await readFile(model));
  const { inputs, classes, ...graph } = source.graph;
  const [{ name, shape }] = inputs;
  const bare = { ...graph, inputs: [{ name, shape }] };
  await writeFile(at('bare.bnn'), encodeModel({ ...source, graph: bare, metadata: {} }));
  const nameless = { ...graph, inputs };
  await writeFile(at('nameless.bnn'), encodeModel({ ...source, graph: nameless }));
  await writeFile(at('torn.bnn'), (await readFile(model)).subarray(0, 3000));
  await writeFile(at('torch.safetensors'), torchFile(5));
  await writeFile(at('text.png'), 'no picture');
  await mkdir(at('folder.bnn'));
  expect(classes).toHaveLength(10);
});
afterAll(() => rm(folder, { recursive: true }));

describe('a mistake of the user is one clear sentence and exit code 2', () => {
  it.each([
    ['convert {}', ['is no run folder']],
    ['convert {}/nowhere', ['no run folder', '--network NAME', '--data NAME']],
    ['convert {}/run --checkpoint bst', ['checkpoint "bst"', 'did you mean "best"']],
    ['convert {}/run --images 0', ['--images must be a whole number >= 1']],
    ['convert {}/run --network mlp', ['--network is for files of weights', 'run folder']],
    ['convert {}/run --out {}/bare.bnn', ['bare.bnn is there already', '--force', '--out']],
    ['convert {}/run --out {}/folder.bnn', ['folder.bnn', 'EISDIR']],
    ['convert {}/run --out {}/tiny.json/x.bnn', ['x.bnn', 'not a folder']],
    ['convert {}/run --allow-float binary9', ['binary9']],
    ['convert {}/run --int8 --float16', ['--float16 and --int8 contradict', '--layer-weights']],
    ['convert {}/run --calibrate 9', ['--calibrate is for layers of int8', '--int8']],
    ['convert {}/run --float16 --percentile 99', ['--percentile is for layers of int8']],
    ['convert {}/run --int8 --percentile 0', ['percentile must be above 0', 'got 0']],
    ['convert {}/run --int8 --calibrate 0', ['--calibrate must be a whole number >= 1']],
    ['convert {}/run --layer-weights classifier', ['needs LAYER=FORM', 'i8-weights']],
    ['convert {}/run --layer-weights classifier=i4', ['f32, f16, i8', '"classifier=i4"']],
    ['convert {}/run --layer-weights clasifier=i8', ['did you mean "classifier"']],
    [
      'convert {}/run --layer-weights binary1=f16',
      ['"binary1", a BinaryDense, which has no float'],
    ],
    ['convert {}/torch.safetensors', ['torch.safetensors', '--network NAME']],
    ['convert {}/none --network mlp --data digits', ['the weights', 'none does not exist']],
    ['convert {}/tiny.json --network mlp --data digits', ['tiny.json', 'safetensors']],
    ['convert {}/torch.safetensors --network mpl --data digits', ['did you mean "mlp"']],
    ['convert {}/torch.safetensors --network mlp --data digit', ['did you mean "digits"']],
    ['convert {}/torch.safetensors --network mlp --data digits --mean 1', ['go together']],
    ['convert {}/torch.safetensors --network mlp --data digits --mean 1,2 --std 1', ['got 2']],
    ['convert {}/torch.safetensors --network mlp --data digits --mean x', ['--mean takes numbers']],
    ['convert {}/torch.safetensors --network mlp --data digits --rename a', ['module=layer']],
    ['convert {}/torch.safetensors --network mlp --data digits --reestimate', ['--reestimate is']],
    ['predict {}/none.bnn x.png', ['the model file', 'none.bnn does not exist']],
    ['predict {}/torn.bnn x.png', ['torn.bnn: ']],
    ['predict {}/bare.bnn x.png', ['bare.bnn has no "pixels"']],
    ['predict {}/nameless.bnn x.png', ['nameless.bnn has no "classes"']],
    ['predict {}/run/model.bnn', ['takes pictures: image files, --idx FILE --index N']],
    ['predict {}/run/model.bnn a.png --data digits', ['one of these alone']],
    ['predict {}/run/model.bnn a.png --index 1', ['--index needs']],
    ['predict {}/run/model.bnn --data digits', ['--data needs --index']],
    ['predict {}/run/model.bnn --data digits --index one', ['--index must be a whole number']],
    ['predict {}/run/model.bnn --data digits --index 2000', ['no picture 2000']],
    ['predict {}/run/model.bnn --data digits --index 0 --split tset', ['did you mean "test"']],
    ['predict {}/run/model.bnn --idx {}/text.png --index 0', ['text.png is no IDX file']],
    ['predict {}/run/model.bnn {}/none.png', ['the picture', 'none.png does not exist']],
    ['predict {}/run/model.bnn {}/text.png', ['text.png is no image', 'PNG, JPEG']],
    ['predict {}/run/model.bnn a.png --invert maybe', ['"maybe"', 'auto, yes, no']],
    ['predict {}/run/model.bnn a.png --top 0', ['--top must be a whole number >= 1']],
    ['evaluate {}/none.bnn', ['none.bnn does not exist']],
    ['evaluate {}/bare.bnn', ['does not say what it was trained on', '--data']],
    ['evaluate {}/bare.bnn --data digits', ['no "pixels"']],
    ['evaluate {}/run/model.bnn --data digit', ['did you mean "digits"']],
    ['evaluate {}/run/model.bnn --checkpoint best', ['--checkpoint is for runs']],
    ['evaluate {}/run --data digits', ['--data is for model files']],
    ['export {}/run/model.bnn', ['nothing to write', '--onnx FILE']],
    [
      'export {}/run --onnx {}/x.onnx',
      ['run is a folder of a run of pictures', 'surge-bnn convert'],
    ],
    ['export {}/run/model.bnn --onnx {}/x.onnx --checkpoint best', ['--checkpoint is for runs']],
    ['export {}/none.bnn --onnx {}/x.onnx', ['none.bnn does not exist']],
    ['export {}/torn.bnn --onnx {}/x.onnx', ['torn.bnn: ']],
    ['export {}/run/model.bnn --onnx {}/run/model.bnn --force', ['over the model file itself']],
    ['export {}/run/model.bnn --onnx {}/tiny.json', ['tiny.json is there', '--force', '--onnx']],
    ['export {}/run/model.bnn --onnx {}/folder.bnn', ['folder.bnn', 'EISDIR']],
    ['summary {}/torn.bnn', ['torn.bnn: ']],
    ['summary {}/folder.bnn', ['folder.bnn is a folder']],
    ['summary {}/run/model.bnn --node binari1', ['did you mean "binary1"']],
    ['summary {}/tiny.json --node binary1', ['--node is for model files']],
  ])('%s', async (args, parts) => {
    const { code, out, err } = await inThisProcess(
      ...args.split(' ').map((a) => a.replace('{}', folder)),
    );
    for (const part of parts) expect(err).toContain(part);
    expect(err.replace(/^packing .*\n/, '')).toMatch(/^surge-bnn: [^\n]+\n$/);
    expect(err).not.toMatch(/InputError|ModelFileError|undefined/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('convert', () => {
  it('gives the same bytes for the same run, and says what became of each layer', async () => {
    const again = await cli('convert', run);
    expect(again.code).toBe(0);
    expect(again.out).toContain(`${model} as it was`);
    expect(again.out).toMatch(
      /^norm1 .* integer threshold to bits +i32 +bits 16 +\d+ +folded into integer thresholds$/m,
    );
    expect(again.out).toMatch(/^ +binary1 +xor-popcount dense +1w\/1a +bits +i32 16 +1,568$/m);
    expect(again.out).toContain('80 of 80 outputs equal bit for bit, 80 predictions equal');
    const { length } = await readFile(model);
    expect(again.out).toContain(`model file           ${length.toLocaleString('en-US')} B`);
    const text = (await readFile(model)).toString('latin1');
    expect(text).not.toContain(folder); // no place of this machine goes into a file
    expect(text).not.toMatch(/"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}:[0-9]{2}/);
  });

  it('replaces only with --force, and takes what the flags ask for', async () => {
    const out = at('half.bnn');
    await writeFile(out, 'something else');
    const flags = ['--float16', '--reestimate', '--images', '20', '--checkpoint', 'best'];
    const report = await json('convert', run, ...flags, '--out', out, '--force');
    expect(report).toMatchObject({
      state: 'written',
      agreement: {
        inputs: 20,
        equalOutputs: 20,
        inputsAre: '20 held-out training images of digits',
      },
      reestimatedOn: 5,
    });
    const { metadata, nodes } = await json('summary', out);
    expect(metadata).toMatchObject({ provenance: { checkpoint: 'best', recipe: 'tiny' } });
    expect(JSON.stringify(nodes)).toContain('f16 weights');
  });

  it('makes layers of int8, merges, and compresses, and tells what that changed', async () => {
    const out = at('int8.bnn');
    const flags = ['--int8', '--calibrate', '30', '--merge', '--compact', '--out', out];
    const { code, out: text } = await cli('convert', run, ...flags);
    expect(code).toBe(0);
    expect(text).toMatch(/int8 dense, i8 weights +8w\/8a +i8 +f32 10 /);
    expect(text).toMatch(/^without merging +80 of 80 outputs equal bit for bit$/m);
    expect(text).toMatch(
      /^calibration +largest inputs: classifier [\d.]+ \(30 training images of digits\)$/m,
    );
    expect(text).toMatch(
      /^as trained +int8 layers, merged multiply-adds: \d+ predictions differ from the trained network's/m,
    );
    const { size, metadata, nodes } = await json('summary', out);
    const { length } = await readFile(out);
    expect(size).toMatchObject({ total: length });
    expect(metadata).toMatchObject({ agreement: { calibration: { inputs: 30, percentile: 100 } } });
    expect(JSON.stringify(nodes)).toContain('"kind":"8w/8a"');
    const summary = await cli('summary', out);
    expect(summary.out).toMatch(
      /^agreement .*; int8 layers, merged multiply-adds: \d+ predictions/m,
    );
    const node = await json('summary', out, '--node', 'classifier');
    const tensors = node.tensors as { dtype: string; values: number[] }[];
    const kernel = tensors.find(({ dtype }) => dtype === 'I8');
    expect(Math.max(...(kernel?.values ?? []).map(Math.abs))).toBe(127);
    const evaluated = await json('evaluate', out);
    expect(evaluated).toMatchObject({ images: 80 });
  });

  it('leaves nothing behind when it is stopped', async () => {
    const out = at('stopped.bnn');
    const converting = start(['convert', run, '--out', out]);
    await converting.said('packing');
    converting.process.kill('SIGINT');
    const { code, out: text, err } = await converting.done;
    expect([code, text]).toEqual([130, '']);
    expect(err).toContain('Stopping; no file is written.');
    expect((await readdir(folder)).filter((name) => name.includes('stopped'))).toEqual([]);
  });

  it('takes weights from PyTorch', async () => {
    const weights = at('torch.safetensors');
    const flags = ['--network', 'digits-cnn', '--data', 'digits', '--images', '30'];
    const { code, out } = await cli('convert', weights, ...flags, '--mean', '0.5', '--std', '0.5');
    expect(code).toBe(0);
    expect(out).toMatch(/^stem\.weight +F32 +stem\/kernel +3x3x1x16 +OIHW -> HWIO$/m);
    expect(out).toContain('30 of 30 outputs equal bit for bit');
    expect(out).toContain('(byte / 255 - 0.5) / 0.5\n');
    const file = at('torch.bnn');
    expect(out).toContain(`${file} written`);
    const { code: none, err } = await cli('evaluate', file);
    expect([none, err]).toEqual([2, expect.stringContaining('name images with --data')]);
    expect((await json('predict', file, '--data', 'digits', '--index', '0'))[0]).toBeDefined();
  });
});

describe('a model file', () => {
  it('has the accuracy and the loss of the run that it was made of', async () => {
    const [ofRun, ofFile] = await Promise.all([json('evaluate', run), json('evaluate', model)]);
    expect(ofFile).toMatchObject({ accuracy: ofRun.accuracy, images: 80, split: 'validation' });
    expect(Number(ofFile.loss)).toBeCloseTo(Number(ofRun.loss), 6);
    const { hashes } = JSON.parse(await readFile(path.join(run, 'summary.json'), 'utf8')) as {
      hashes: { weights: string };
    };
    const { provenance } = decodeModel(await readFile(model)).metadata;
    expect(provenance).toMatchObject({ weights: hashes.weights, epoch: 2, recipe: 'tiny' });
    const { out } = await cli('evaluate', model, '--data', 'digits');
    expect(out).toMatch(/^accuracy [\d.]+ % \([\d,]+ of 2,000 images\), loss [\d.]+, [\d.]+ ms/);
  });

  it('predicts a file as the picture of the data set that it is', async () => {
    const { images } = await loadImages('digits', { split: 'test' });
    const digit = (i: number) => Uint8Array.from(images.subarray(784 * i, 784 * (i + 1)));
    const raw = { width: 28, height: 28, channels: 1 } as const;
    await sharp(digit(0), { raw }).png().toFile(at('zero.png'));
    await sharp(digit(1), { raw }).negate().resize(140).jpeg().toFile(at('paper.jpg'));
    const idx = Buffer.alloc(16 + 784);
    idx.set([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28]);
    idx.set(digit(0), 16);
    await writeFile(at('one.idx'), idx);
    const tops = async (...args: string[]): Promise<unknown[]> => {
      const { code, out } = await cli('predict', model, ...args, '--json', '--top', '10');
      expect(code).toBe(0);
      return (JSON.parse(out) as { top: unknown }[]).map(({ top }) => top);
    };
    const [fromSet, fromIdx, fromFiles] = await Promise.all([
      tops('--data', 'digits', '--index', '0'),
      tops('--idx', at('one.idx'), '--index', '0'),
      tops(at('zero.png'), at('paper.jpg')),
    ]);
    expect(fromIdx).toEqual(fromSet);
    expect(fromFiles[0]).toEqual(fromSet[0]);
    const probabilities = fromSet[0] as { probability: number }[];
    expect(probabilities.reduce((sum, one) => sum + one.probability, 0)).toBeCloseTo(1, 12);
    const { out } = await cli('predict', model, at('zero.png'), at('paper.jpg'));
    expect(out).toMatch(/zero\.png +\d +[\d.]+ % +\d [\d.]+ % +[\d.]+ ms$/m);
    expect(out).toMatch(/paper\.jpg: inverted: .*; resized from 140x140 to 28x28$/m);
    const labelled = await cli('predict', model, '--data', 'digits', '--index', '0-2');
    expect(labelled.out).toMatch(/^picture +right +class/);
    expect(labelled.out).toMatch(/^digits\[0\] +3 +\d/m);
  });

  it('tells every node, every edge, every byte, and the numbers of a node', async () => {
    const { out } = await cli('summary', model);
    expect(out).toMatch(
      /^binary1 +binaryDense +xor-popcount dense +1w\/1a .* bits +i32 16 +1,568$/m,
    );
    expect(out).toContain('agreement        80 of 80 outputs equal bit for bit');
    expect(out).toMatch(/^data\.train +[0-9a-f]{64}$/m);
    const all = await json('summary', model);
    const { length } = await readFile(model);
    const nodes = all.nodes as { bytes: number }[];
    const payload = nodes.reduce((sum, node) => sum + node.bytes, 0);
    expect(all.size).toEqual({ header: length - payload, payload, total: length });
    const thresholds = await cli('summary', model, '--node', 'binary2/sign');
    expect(thresholds.out).toMatch(/^ +15 +d (>=|<) -?\d+$/m);
    const kernel = await json('summary', model, '--node', 'binary2');
    const [{ values }] = kernel.tensors as { values: string[] }[];
    expect([values.length, values[0]]).toEqual([16, expect.stringMatching(/^[+-]{16}$/)]);
    const floats = await cli('summary', model, '--node', 'norm2');
    expect(floats.out).toContain('b "norm2/b", F32 [16]');
  });
});

describe('export', () => {
  it('writes an ONNX file that says what the model says', async () => {
    const file = at('exported/tiny.onnx');
    const first = await json('export', model, '--onnx', file);
    const { length } = await readFile(file);
    expect(first.files).toMatchObject([
      { format: 'onnx', file, bytes: length, state: 'written', remarks: [expect.anything()] },
    ]);
    const again = await cli('export', model, '--onnx', file);
    expect([again.code, again.err]).toEqual([0, '']);
    expect(again.out).toContain(`onnx: ${file} as it was`);
    expect(again.out).toMatch(/input: float32 \[N, 28, 28, 1\]; a byte becomes \(byte \/ 255 - /);
    const packed = PackedModel.fromBytes(await readFile(model));
    const { images } = await loadImages('digits', { split: 'test' });
    const { mean, std } = packed.pixels ?? { mean: [], std: [] };
    const numbers = Float32Array.from(
      images.subarray(0, 784 * 50),
      (byte) => (byte / 255 - mean[0]) / std[0],
    );
    const session = await InferenceSession.create(file);
    const input = new Tensor('float32', numbers, [50, 28, 28, 1]);
    const made = await session.run({ [session.inputNames[0]]: input });
    const { data } = made[session.outputNames[0]];
    const ours = packed.run(numbers);
    expect(data).toHaveLength(ours.length);
    ours.forEach((value, i) => {
      expect(Number(data[i])).toBeCloseTo(value, 4);
    });
  });

  it('writes plain arrays, beside another format', async () => {
    const [dump, onnx] = [at('exported/tiny.json'), at('exported/beside.onnx')];
    const { files } = await json('export', model, '--integers', dump, '--onnx', onnx);
    expect(files).toMatchObject([{ format: 'onnx' }, { format: 'integers', file: dump }]);
    const text = await readFile(dump, 'utf8');
    expect(text).toBe([...integersJson(dumpIntegers(await readFile(model)))].join(''));
    expect(JSON.parse(text)).toMatchObject({ format: 'surge-bnn integers' });
  });
});
