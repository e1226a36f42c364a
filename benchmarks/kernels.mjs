/**
 * Speed of the wasm provider's kernels on one thread, beside its peers in the same run.
 *
 *   npm run bench:kernels -- [--quick] [--json]
 *
 * Matrix products against XNNPACK (tfjs-backend-wasm) and jax-js; convolutions and their gradients as a share
 * of our own matrix product; the convolution of signs; SURGE's fused backward beside its plain parts;
 * memory-bound kernels in GB/s. Contenders take turns and are judged by their medians.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { convRows, matMulRows, memoryRows, signRows } from './lib/kernel-rows.mjs';
import { interleave } from './lib/measure.mjs';
import { startPeers } from './lib/peers.mjs';
import { table } from './lib/table.mjs';

// Providers are no part of the engine's public face, so the built files are loaded by their place.
const built = (file) =>
  import(new URL(`../packages/engine/dist/providers/wasm/${file}`, import.meta.url).href);
const { createEngine } = await built('instance.js');
const { createWasmProvider } = await built('index.js');

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const effort = options.quick ? { repetitions: 3, time: 30 } : { repetitions: 15, time: 40 };
const measure = (contenders) => interleave(contenders, effort.repetitions, effort.time);

// What else the machine was doing: a busy machine makes every number smaller, and the ratios noisier.
const loadBefore = loadavg()[0];
const provider = await createWasmProvider();
const { peers, missing } = await startPeers();

/** A run of multiplies and adds in registers, and how many they are. */
async function startPeak() {
  const { wasm, heap } = await createEngine();
  const vectors = heap.extend(16 * 13);
  // Multiplying by 1 keeps the numbers normal. Short calls: V8 replaces a slow first compilation between calls only.
  new Float32Array(heap.buffer, vectors, 1)[0] = 1;
  const iterations = 5_000;
  return { operations: 192 * iterations, run: () => wasm.peak(iterations, vectors) };
}

const matMul = matMulRows(provider, peers, await startPeak(), measure, options.quick);
const report = {
  machine: {
    cpu: cpus()[0]?.model,
    node: process.version,
    v8: process.versions.v8,
    threads: 1,
    loadBefore,
  },
  missing,
  matMul,
  conv: convRows(provider, measure, options.quick),
  sign: signRows(provider, measure, options.quick),
  memory: memoryRows(provider, measure, options.quick),
};

if (options.json) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  const print = (text = '') => process.stdout.write(`${text}\n`);
  print(`${report.machine.cpu}, ${cpus().length} cores, Node ${report.machine.node}, one thread`);
  print(`load average before the run: ${loadBefore.toFixed(1)}`);
  for (const [name, why] of Object.entries(missing)) print(`${name} does not run here: ${why}`);
  print(
    '\nMatrix product, GFLOP/s; ratio: ours to the fastest peer; peak: SIMD128 multiplies and adds in registers',
  );
  const names = Object.keys(peers);
  print(
    table(
      ['m x k x n', 'ours', ...names, 'ratio', 'peak', '% of peak'],
      matMul.map((row) => [
        row.size,
        row.ours,
        ...names.map((name) => row.peers[name]),
        row.ratio,
        row.peak,
        (100 * row.ours) / row.peak,
      ]),
    ),
  );
  print('\nConvolution, GFLOP/s (share of our 512^3 matrix product, measured in turns with it)');
  const share = (speed, matMul) => `${speed.toFixed(1)} (${((100 * speed) / matMul).toFixed(0)} %)`;
  print(
    table(
      [
        'batch x height x width x in -> out',
        'matmul',
        'forward',
        'input gradient',
        'filter gradient',
      ],
      report.conv.map((r) => [
        r.size,
        r.matMul,
        share(r.forward, r.matMul),
        share(r.input, r.matMul),
        share(r.filter, r.matMul),
      ]),
    ),
  );
  print('\nBinary layer: forward in G multiply-adds/s, backward in ms');
  print(
    table(
      ['shape', 'G/s', 'forward ms', 'plain backward', 'SURGE backward', 'SURGE / plain'],
      report.sign.map((r) => [r.size, r.speed, r.forward, r.plain, r.surge, r.surge / r.plain]),
    ),
  );
  print('\nMemory-bound kernels, GB/s read and written');
  print(
    table(
      ['kernel', 'GB/s', 'own'],
      report.memory.map((r) => [r.kernel, r.speed, r.own ? 'yes' : 'reference']),
    ),
  );
}
// jax-js keeps handles open.
process.exit(0);
