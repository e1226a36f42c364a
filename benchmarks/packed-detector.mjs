/**
 * A packed detector beside its float twin: bytes of the file, and milliseconds a picture, part by part. Weights are as they are drawn, which
 * costs what trained ones cost; both look at as many regions. They take turns, so that a slow moment hits both.
 *
 *   npm run bench:packed-detector -- --help
 */
import '@tensorflow/tfjs-layers';
import { packDetector } from '@surge-bnn/converter';
import { fasterRcnn } from '@surge-bnn/detection';
import { packedKernels, useEngine } from '@surge-bnn/engine';
import { encodeDetector, loadDetector } from '@surge-bnn/runtime';
import { commandLine } from './lib/arguments.mjs';
import { median } from './lib/measure.mjs';
import { table } from './lib/table.mjs';

const help = `npm run bench:packed-detector -- [options]

  --width N        channels of the backbone's first stage (default: 32)
  --proposals N    regions of a picture (default: 300)
  --size WxH       of the pictures, taken as they are (default: 320x240)
  --kernels NAME   wasm (default) or native
  --threads N      default: 1
  --pictures N     of which the medians are told (default: 9)`;

const { parse, count, list, refuse } = commandLine('bench:packed-detector');
const text = { type: 'string' };
const given = parse(process.argv.slice(2), {
  width: { ...text, default: '32' },
  proposals: { ...text, default: '300' },
  size: { ...text, default: '320x240' },
  kernels: text,
  threads: { ...text, default: '1' },
  pictures: { ...text, default: '9' },
  help: { type: 'boolean' },
});

const parts = ['picture', 'body', 'proposals', 'regions', 'tail', 'detections'];

/** @param precision of every layer but the first and the predictions. */
async function contender(precision, { width, proposals, size, kernels, threads }) {
  const options =
    precision === 'full' ? { width, precision, activation: 'relu' } : { width, precision };
  const detector = fasterRcnn(
    {
      backbone: { network: 'imagenet-resnet-18', options },
      neckWidth: 2 * width,
      headWidth: 8 * width,
      neckPrecision: precision,
      proposalPrecision: precision,
      headPrecision: precision,
      // Nothing is suppressed, so that both look at as many regions whatever their weights say.
      proposals: { before: proposals, after: proposals, threshold: 1 },
    },
    {
      ...{ inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 1, classes: 20 },
      inputShape: [32 * Math.ceil(size.height / 32), 32 * Math.ceil(size.width / 32), 3],
    },
  );
  const pixels = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const classes = Array.from({ length: 20 }, (_, i) => `class ${i}`);
  const { source } = packDetector(detector, { classes, size, pixels });
  detector.dispose();
  const bytes = encodeDetector(source, { compact: true });
  const how = kernels === 'native' ? { kernels: await packedKernels({ threads }) } : { threads };
  return { precision, bytes: bytes.length, packed: await loadDetector(bytes, how), times: [] };
}

async function run(options) {
  await useEngine({ backend: 'surge-wasm', threads: 1 });
  const contenders = [await contender('binary', options), await contender('full', options)];
  const { width, height } = options.size;
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i * 37) % 256);
  for (let i = -2; i < options.pictures; i++) {
    for (const { packed, times } of contenders) {
      packed.detect({ data, width, height, channels: 3 });
      // The first ones are for the compiler.
      if (i >= 0) times.push(packed.lastTimes);
    }
  }
  const rows = contenders.map(({ precision, bytes, packed, times }) => {
    const each = parts.map((part) => median(times.map((one) => one[part])));
    const all = median(times.map((one) => parts.reduce((sum, part) => sum + one[part], 0)));
    return [`${precision}, ${packed.describe().kernels}`, String(bytes), all, ...each];
  });
  for (const { packed } of contenders) packed.close();
  return table(['ms a picture', 'bytes', 'all', ...parts], rows);
}

if (given.help) {
  process.stdout.write(`${help}\n`);
} else {
  const size = /^(\d+)x(\d+)$/.exec(given.size)?.slice(1).map(Number);
  if (size === undefined) refuse(`--size takes width and height as 320x240, got "${given.size}"`);
  const [kernels] = list('kernels', given.kernels, ['wasm', 'native'], ['wasm']);
  const numbers = Object.fromEntries(
    ['width', 'proposals', 'threads', 'pictures'].map((name) => [name, count(name, given[name])]),
  );
  const options = { ...numbers, kernels, size: { width: size[0], height: size[1] } };
  process.stdout.write(`${await run(options)}\n`);
}
