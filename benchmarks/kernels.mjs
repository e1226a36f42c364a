/**
 * Speed of the wasm provider's kernels on one and on more threads, with and without fused multiply-add, beside its peers in the same run.
 * Contenders take turns and are judged by their medians.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { commandLine } from './lib/arguments.mjs';
import { convRows, matMulRows, memoryRows, signRows } from './lib/kernel-rows.mjs';
import { interleave } from './lib/measure.mjs';
import { startPeers } from './lib/peers.mjs';
import { table } from './lib/table.mjs';

const help = `Speed of the wasm engine's kernels: GFLOP/s, G one-bit multiply-adds/s, GB/s.

  npm run bench:kernels -- [options]

  --threads N     beside one thread also N (default: one for each core)
  --only LIST     matmul, conv, sign, memory (default: all)
  --quick         a first look: one product, two convolutions, few repetitions
  --json FILE     writes everything that was measured

Matrix products stand beside XNNPACK (tfjs-backend-wasm) and jax-js, both on one thread, which is all they have in Node, and beside the
bare loops: multiplies and adds in registers and, where the host fuses them, fused ones. Convolutions are told as a share of the product
512 x 512 x 512 of the same engine. Fused multiply-add needs Node 21 or later, or node --experimental-wasm-relaxed-simd benchmarks/kernels.mjs.
`;

const { parse, list, count } = commandLine('bench:kernels');
const options = parse(process.argv.slice(2), {
  threads: { type: 'string' },
  only: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
});
if (options.help) {
  process.stdout.write(help);
  process.exit(0);
}
const tables = ['matmul', 'conv', 'sign', 'memory'];
const wanted = list('only', options.only, tables, tables);
const threads = count('threads', options.threads ?? String(availableParallelism()));

// Providers are no part of the engine's public face, so the built files are loaded by their place.
const built = (file) =>
  import(new URL(`../packages/engine/dist/providers/wasm/${file}`, import.meta.url).href);
const { createEngine } = await built('instance.js');
const { createWasmProvider } = await built('index.js');
const { hostFuses } = await built('fused.js');

const effort = options.quick ? { repetitions: 3, time: 30 } : { repetitions: 15, time: 40 };
const measure = (contenders) => interleave(contenders, effort.repetitions, effort.time);

// What else the machine was doing: a busy machine makes every number smaller, and the ratios noisier.
const loadBefore = loadavg()[0];
const { peers, missing } = await startPeers();
const engines = await startEngines();

/** A provider for each number of threads, and the same fused. */
async function startEngines() {
  const started = {};
  for (const fusedMultiplyAdd of hostFuses() ? [false, true] : [false]) {
    for (const number of new Set([1, threads])) {
      const provider = await createWasmProvider();
      await provider.configure({ threads: number, fusedMultiplyAdd });
      started[`${fusedMultiplyAdd ? 'fused ' : ''}x${number}`] = provider;
    }
  }
  return started;
}

/** Runs of multiplies and adds in registers, and how many they are. */
async function startPeaks() {
  const peaks = {};
  for (const fused of hostFuses() ? [false, true] : [false]) {
    const { team, heap, load } = await createEngine();
    await load(fused);
    const vectors = heap.extend(16 * 13);
    // Multiplying by 1 keeps the numbers normal. Short calls: V8 replaces a slow first compilation between calls only.
    new Float32Array(heap.buffer, vectors, 1)[0] = 1;
    const iterations = 5_000;
    const [perIteration] = team.run('peakOperations', 1, []);
    const run = () => team.run('peak', 1, [iterations, vectors]);
    peaks[fused ? 'fused peak' : 'peak'] = { operations: perIteration * iterations, run };
  }
  return peaks;
}

const perEngine = (rows) =>
  Object.fromEntries(
    Object.entries(engines).map(([name, provider]) => [
      name,
      rows(provider, measure, options.quick),
    ]),
  );
const report = {
  machine: {
    cpu: cpus()[0]?.model,
    node: process.version,
    v8: process.versions.v8,
    loadBefore,
  },
  missing,
  matMul: wanted.includes('matmul')
    ? matMulRows(engines, peers, await startPeaks(), measure, options.quick)
    : [],
  conv: wanted.includes('conv') ? perEngine(convRows) : {},
  sign: wanted.includes('sign') ? perEngine(signRows) : {},
  memory: wanted.includes('memory') ? perEngine(memoryRows) : {},
};

const print = (text = '') => process.stdout.write(`${text}\n`);
print(`${report.machine.cpu}, ${cpus().length} cores, Node ${report.machine.node}`);
print(`load average before the run: ${loadBefore.toFixed(1)}; x2: two threads`);
for (const [name, why] of Object.entries(missing)) print(`${name} does not run here: ${why}`);
if (report.matMul.length > 0) {
  print('\nMatrix product, GFLOP/s; peak: multiplies and adds in registers on one thread');
  const columns = Object.entries(report.matMul[0]).filter(([key]) => key !== 'size');
  const names = columns.flatMap(([, speeds]) => Object.keys(speeds));
  print(
    table(
      ['m x k x n', ...names],
      report.matMul.map((row) => [
        row.size,
        ...columns.flatMap(([key]) => Object.values(row[key])),
      ]),
    ),
  );
}
const share = (speed, matMul) => `${speed.toFixed(1)} (${((100 * speed) / matMul).toFixed(0)} %)`;
for (const [name, rows] of Object.entries(report.conv)) {
  print(`\nConvolution, ${name}, GFLOP/s (share of its 512^3 product, measured in turns with it)`);
  print(
    table(
      [
        'batch x height x width x in -> out',
        'matmul',
        'forward',
        'input gradient',
        'filter gradient',
      ],
      rows.map((r) => [
        r.size,
        r.matMul,
        share(r.forward, r.matMul),
        share(r.input, r.matMul),
        share(r.filter, r.matMul),
      ]),
    ),
  );
}
for (const [name, rows] of Object.entries(report.sign)) {
  print(`\nBinary layer, ${name}: forward in G multiply-adds/s, backward in ms`);
  print(
    table(
      ['shape', 'G/s', 'forward ms', 'plain backward', 'SURGE backward', 'SURGE / plain'],
      rows.map((r) => [r.size, r.speed, r.forward, r.plain, r.surge, r.surge / r.plain]),
    ),
  );
}
const memory = Object.entries(report.memory);
if (memory.length > 0) {
  print('\nMemory-bound kernels, GB/s read and written');
  print(
    table(
      ['kernel', ...memory.map(([name]) => name)],
      memory[0][1].map((row, i) => [row.kernel, ...memory.map(([, rows]) => rows[i].speed)]),
    ),
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
// jax-js keeps handles open.
process.exit(0);
