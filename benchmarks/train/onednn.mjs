/**
 * oneDNN's own speed on the convolutions of a network: peers/onednn_shapes.cc, compiled for the occasion, asked for one convolution
 * after the other in quiet moments.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isQuiet, quietMoment, watch } from './quiet.mjs';
import { Trainer } from './trainer.mjs';

const source = fileURLToPath(new URL('../peers/onednn_shapes.cc', import.meta.url));
/** A disturbed answer is asked for again so often, after a wait for quiet of so many seconds at most. */
const repetitions = 4;
const patience = 20;
/** Three products in two layouts. */
const answers = 6;

/**
 * Measures every convolution with each number of threads.
 *
 * @param convolutions as networks.mjs describes them
 * @returns {oneDnn: version, rows: [{convolution, threads, product, layout, milliseconds, gflops, implementation}]},
 *   or {missing: why} as one sentence
 */
export async function measureOneDnn(convolutions, threadCounts) {
  const folder = mkdtempSync(path.join(tmpdir(), 'surge-onednn-'));
  try {
    const program = path.join(folder, 'onednn_shapes');
    const missing = compile(program);
    if (missing !== undefined) return { missing: `oneDNN alone is not measured: ${missing}` };
    const rows = [];
    let oneDnn;
    for (const threads of threadCounts) {
      const peer = await Trainer.start(['env', [`OMP_NUM_THREADS=${threads}`, program]]);
      oneDnn = peer.ready.oneDnn;
      for (const convolution of convolutions) {
        for (const row of await ask(peer, convolution)) rows.push({ convolution, threads, ...row });
      }
      await peer.end();
    }
    return { oneDnn, rows };
  } catch (error) {
    return { missing: `oneDNN alone is not measured: ${error.message}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What keeps it from being compiled, as the end of a sentence; undefined: it stands there. */
function compile(program) {
  const compiler = process.env.CXX ?? 'c++';
  const args = ['-std=c++17', '-O2', source, '-ldnnl', '-o', program];
  const { status, error, stderr } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status === 0) return undefined;
  if (error !== undefined) return `no C++ compiler (${compiler}); on Debian: apt-get install g++`;
  if (/oneapi\/dnnl|-ldnnl/.test(stderr)) {
    return 'no oneDNN for the compiler; on Debian: apt-get install libdnnl-dev';
  }
  return `peers/onednn_shapes.cc does not compile: ${stderr.split('\n').find((line) => line.includes('error')) ?? stderr}`;
}

/** One convolution's answers, from a quiet moment if there is one: the least disturbed of a few attempts counts. */
async function ask(peer, convolution) {
  let best;
  for (let attempt = 0; attempt < repetitions; attempt++) {
    await quietMoment(patience);
    const others = watch();
    peer.child.stdin.write(`${convolution.join(' ')}\n`);
    const rows = [];
    for (let i = 0; i < answers; i++) rows.push(await next(peer));
    const share = others((await next(peer)).processorSeconds);
    if (best === undefined || share < best.share) best = { share, rows };
    if (isQuiet(share)) break;
  }
  return best.rows;
}

async function next(peer) {
  const answer = await peer.next();
  if (answer.event === 'unavailable') throw new Error(answer.why);
  return answer;
}
