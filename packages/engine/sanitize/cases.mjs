/**
 * The kernels of one build of the addon, for run.mjs: `node --expose-gc cases.mjs ADDON cases`. Every array is memory of its own, so
 * that a sanitizer sees a read or a write beyond its end, which in the provider's one heap would be the next tensor.
 *
 * `cases.mjs ADDON sets` prints the instruction sets that this CPU runs.
 */
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { ModelFileError, PackedModel } from '@surge-bnn/runtime';

// Kernels are no part of the engine's public face, so the built files are loaded by their place.
const built = (file) => import(new URL(`../dist/${file}`, import.meta.url).href);
const { drawnCases } = await built('cases/drawn.js');
const { kernelCases } = await built('cases/index.js');
const { difference, runAlone } = await built('cases/kernel-case.js');
const { drawnModel } = await built('cases/packed/drawn.js');
const { binaryGrid } = await built('cases/packed/grid.js');
const { uniform } = await built('cases/numbers.js');
const { kernelSet } = await built('packed-kernels.js');
const { loadAddon } = await built('providers/native/addon.js');
const { createNativeProvider } = await built('providers/native/index.js');
const { kernelNames, referenceKernels } = await built('providers/reference/index.js');

const geometries = 150;
const models = 400;
const steadyCalls = 1000;
/** Bytes by which the process may grow in so many calls: what Node itself takes and gives. */
const noise = 1e6;

const [file, task] = process.argv.slice(2);
if (task === 'sets') process.stdout.write(loadAddon(file).runnable.join(' '));
else run();

function run() {
  const provider = createNativeProvider(file);
  const { kernels } = provider;
  const use = (threads) =>
    provider.configure({
      threads,
      binaryGradients: 'float32',
      auxiliaryGradients: 'float32',
      fusedMultiplyAdd: false,
    });
  let count = 0;
  const check = (cases, threads) => {
    use(threads);
    for (const kernelCase of cases) compare(kernelCase, kernels, `${threads} threads`);
    count += cases.length;
  };
  for (const name of kernelNames) [1, 2, 3].forEach((n) => check(kernelCases[name], n));
  const next = uniform(1);
  const draw = (low, high) => low + Math.floor((high - low + 1) * next());
  for (let i = 0; i < geometries; i++) check(drawnCases(draw), draw(1, 3));

  const packed = runModels(draw);

  use(2);
  const grown = kernelNames.map((name) => [name, growth(kernelCases[name], kernels)]);
  for (const [name, bytes] of grown) {
    if (bytes > noise) fail(`${steadyCalls} calls of ${name} leave ${bytes} bytes behind`);
  }
  const taken = modelGrowth();
  if (taken > noise) fail(`${steadyCalls} runs of a packed model leave ${taken} bytes behind`);
  process.stdout.write(
    `${provider.isa}: ${count} cases, ${packed} packed models; memory stays flat over ${steadyCalls} calls of each kernel\n`,
  );
}

/** Packed models on one to three threads against the runtime's reference, bit for bit. @returns how many. */
function runModels(draw) {
  const channelCounts = [1, 2, 7, 16, 31, 32, 33, 48, 64, 65, 96, 127, 128, 130];
  const grid = channelCounts.flatMap((channels) => binaryGrid(channels));
  const drawn = Array.from({ length: models }, () => drawnModel(draw));
  const sets = [1, 2, 3].map((threads) => kernelSet(loadAddon(file), threads));
  for (const { name, source, inputs } of [...grid, ...drawn]) {
    const [right, ...found] = ['reference', ...sets].map((kernels) => {
      process.stderr.write(`packed ${name}, ${kernels.threads ?? 'reference'}\n`);
      return outcome(source, inputs, kernels);
    });
    found.forEach((bits, i) => {
      if (!bits.equals(right)) fail(`its outputs differ from the reference on ${i + 1} threads`);
    });
  }
  return grid.length + drawn.length;
}

/** All bits of the outputs, with one NaN for all of them, or of the error's message. */
function outcome(source, inputs, kernels) {
  try {
    const outputs = PackedModel.from(source, { kernels }).run(inputs);
    return Buffer.from(outputs.map((value) => (Number.isNaN(value) ? NaN : value)).buffer);
  } catch (error) {
    if (error instanceof ModelFileError) return Buffer.from(error.message);
    throw error;
  }
}

/** As growth, of one model that is run again and again on two threads. */
function modelGrowth() {
  const { source, inputs } = binaryGrid(128)[0];
  const model = PackedModel.from(source, { kernels: kernelSet(loadAddon(file), 2) });
  const output = model.run(inputs);
  return grownBy(() => model.run(inputs, output));
}

function compare(kernelCase, kernels, circumstances) {
  const name = `${kernelCase.kernel} ${kernelCase.name}, ${circumstances}`;
  // Before the call: when the sanitizer ends the process, its report follows the case that did it.
  process.stderr.write(`${name}\n`);
  const actual = runAlone(kernels, kernelCase);
  const right = runAlone(referenceKernels, kernelCase);
  actual.outputs.forEach((output, i) => {
    const worst = difference(output, right.outputs[i]);
    if (!(worst <= kernelCase.bound)) fail(`output ${i} is off by ${worst}`);
  });
}

/** Bytes that the process grew by in calls of the largest case, each time again: what one round takes another may give back. */
function growth(cases, kernels) {
  const size = ({ inputs }) => inputs.reduce((sum, input) => sum + input.length, 0);
  const largest = cases.reduce((a, b) => (size(b) > size(a) ? b : a));
  const inputs = largest.inputs.map((input) => input.slice());
  const outputs = largest.outputLengths.map((length) => new Float32Array(length));
  return grownBy(() => largest.call(kernels, inputs, outputs));
}

/** The least that the process grew by in some calls, of three times. */
function grownBy(call) {
  const resident = Array.from({ length: 4 }, () => {
    for (let i = 0; i < steadyCalls; i++) call();
    globalThis.gc();
    return process.memoryUsage.rss();
  });
  return Math.min(...resident.slice(1).map((bytes, i) => bytes - resident[i]));
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
