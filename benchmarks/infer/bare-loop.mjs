/**
 * How fast xor and popcount are on this machine when there is nothing else: bare-loop/assembly/loop.ts and bare-loop/loop.cc,
 * compiled for the occasion. A binary layer's speed is told as a share of these.
 *
 *   node benchmarks/infer/bare-loop.mjs                  G multiply-adds a second
 *   node benchmarks/infer/bare-loop.mjs --disassemble    and renews the texts of the compiled loops beside the sources
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(`bare-loop/${file}`, import.meta.url));

/**
 * The loops of loop.ts: rows of inputs and of weights that meet, vectors of a row, how often. Of several with one name the fastest
 * counts.
 */
const loops = [
  {
    code: 'oneByEight',
    name: 'wasm, i8x16.popcnt',
    inputs: 1,
    weights: 8,
    length: 28,
    repeats: 40_000,
  },
  {
    code: 'twoByFour',
    name: 'wasm, i8x16.popcnt',
    inputs: 2,
    weights: 4,
    length: 28,
    repeats: 40_000,
  },
  {
    code: 'twoByTwo',
    name: 'wasm, i8x16.popcnt',
    inputs: 2,
    weights: 2,
    length: 28,
    repeats: 80_000,
  },
  {
    code: 'carrySave',
    name: 'wasm, carry-save adders',
    inputs: 1,
    weights: 1,
    length: 240,
    repeats: 40_000,
  },
];
const samples = 30;
const places = { x: 1024, w: 8192 };

/**
 * One thread each.
 *
 * @returns {rows: [{name, kind, speed}], missing: [sentence]}; kind is wasm or native, speed multiply-adds a second of the
 *   fastest sample: a limit
 */
export async function measureBareLoops() {
  return inFolder(async (folder) => {
    const rows = [];
    const missing = [];
    for (const measure of [wasmLoops, nativeLoops]) {
      const { found = [], why } = await measure(folder);
      rows.push(...found);
      if (why !== undefined) missing.push(why);
    }
    return { rows, missing };
  });
}

async function inFolder(work) {
  const folder = mkdtempSync(path.join(tmpdir(), 'surge-bare-loop-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param text where the readable form goes, too. */
async function compileWasm(folder, text) {
  const { default: asc } = await import('assemblyscript/asc');
  const binary = path.join(folder, 'loop.wasm');
  const { error, stderr } = await asc.main([
    here('assembly/loop.ts'),
    ...['--outFile', binary, ...(text === undefined ? [] : ['--textFile', text])],
    ...['--runtime', 'stub', '--noAssert', '--use', 'abort=', '--initialMemory', '1'],
    ...['--enable', 'simd', '-O3', '--converge'],
  ]);
  if (error) throw new Error(`bare-loop/assembly/loop.ts does not compile: ${stderr.toString()}`);
  return readFileSync(binary);
}

async function wasmLoops(folder) {
  const { instance } = await WebAssembly.instantiate(await compileWasm(folder));
  const { memory, ...code } = instance.exports;
  const bytes = new Uint8Array(memory.buffer);
  for (let i = 0; i < 16_384; i++) bytes[places.x + i] = Math.imul(i, 2654435761) >>> 13;
  const fastest = new Map();
  for (const loop of loops) {
    const { name, inputs, weights, length, repeats } = loop;
    const run = (times) => code[loop.code](places.x, places.w, length, times);
    checkCount(loop, run(3), bytes);
    let best = Infinity;
    for (let sample = 0; sample < samples; sample++) {
      const begin = performance.now();
      run(repeats);
      best = Math.min(best, performance.now() - begin);
    }
    const speed = (1000 * 128 * inputs * weights * length * repeats) / best;
    fastest.set(name, Math.max(fastest.get(name) ?? 0, speed));
  }
  return { found: [...fastest].map(([name, speed]) => ({ name, kind: 'wasm', speed })) };
}

/** Speed of a wrong result means nothing. @param counted in three repeats */
function checkCount({ code, inputs, weights, length }, counted, bytes) {
  let expected = 0;
  for (let k = 0; k < length; k++) {
    for (let r = 0; r < inputs; r++) {
      for (let c = 0; c < weights; c++) {
        for (let b = 0; b < 16; b++) {
          const x = bytes[places.x + 16 * (inputs * k + r) + b];
          const w = bytes[places.w + 16 * (weights * k + c) + b];
          for (let bits = x ^ w; bits > 0; bits >>= 1) expected += bits & 1;
        }
      }
    }
  }
  if (counted !== BigInt(3 * expected)) throw new Error(`the bare loop ${code} counts wrongly`);
}

function nativeLoops(folder) {
  const program = path.join(folder, 'loop');
  const why = compileNative(program);
  if (why !== undefined) return { why };
  const { status, stdout, stderr } = spawnSync(program, { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`the native bare loop failed: ${stderr}`);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { found: lines.map((line) => ({ ...JSON.parse(line), kind: 'native' })) };
}

/** What keeps it from being compiled, as a sentence; undefined: it stands there. */
function compileNative(program) {
  const alone = 'the native bare loop is not measured';
  if (process.arch !== 'x64') return `${alone}: it is written for x86-64`;
  const compiler = process.env.CXX ?? 'c++';
  const args = ['-std=c++17', '-O2', here('loop.cc'), '-o', program];
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  if (error !== undefined) return `${alone}: no C++ compiler (${compiler})`;
  return `${alone}: loop.cc does not compile: ${stderr.split('\n').find((line) => line.includes('error')) ?? stderr}`;
}

/** Texts of what the compilers made, without addresses, so that they change only when the code does. */
async function disassemble() {
  await inFolder(async (folder) => {
    await compileWasm(folder, here('loop.wat'));
    const program = path.join(folder, 'loop');
    const why = compileNative(program);
    if (why !== undefined) throw new Error(why);
    for (const isa of ['avx2', 'avx2_carry_save', 'avx512']) {
      const args = ['-d', '--no-show-raw-insn', `--disassemble=bare_loop_${isa}`, program];
      const { status, stdout } = spawnSync('objdump', args, { encoding: 'utf8' });
      if (status !== 0) throw new Error('objdump is missing; on Debian: apt-get install binutils');
      const code = stdout.split('\n').filter((line) => /^\s+[0-9a-f]+:\t|^[0-9a-f]+ </.test(line));
      const first = Number.parseInt(code[0], 16);
      const lines = code.map((line) => fromStart(line, first));
      writeFileSync(here(`loop.${isa.replaceAll('_', '-')}.txt`), `${lines.join('\n')}\n`);
    }
  });
}

/** Addresses as distances from the beginning of the function; names of places in it are gone. */
function fromStart(line, first) {
  const relative = (hex) => (Number.parseInt(hex, 16) - first).toString(16);
  return line
    .replace(/^[0-9a-f]+ </, '<')
    .replace(/^\s+([0-9a-f]+):\t/, (_, at) => `${relative(at).padStart(6)}  `)
    .replace(/\s+([0-9a-f]+) <bare_loop\w*(\+0x[0-9a-f]+)?>$/, (_, at) => ` ${relative(at)}`)
    .replace(/\s+# [0-9a-f]+ <.*$/, '')
    .trimEnd();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--disassemble')) await disassemble();
  const { rows, missing } = await measureBareLoops();
  for (const { name, speed } of rows)
    console.log(`${name}: ${(speed / 1e9).toFixed(0)} G multiply-adds/s`);
  for (const why of missing) console.log(why);
}
