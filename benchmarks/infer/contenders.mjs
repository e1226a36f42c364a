/** Who is measured: the packed network in our runtime, its float twin in the others'. The one list of both. */
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));

/**
 * Ours: `load` is what `load()` of the runtime is given beside the file. `exact`: outputs must have the reference's bits.
 * `slow`: a few samples are enough. `loop`: the kind of bare loop that bounds it, or its first word; such have a table of their stages. `native`: on the
 * engine's kernels, of the instruction set `isa` where that is named.
 */
const ours = [
  { name: 'reference', threads: 1, load: { kernels: 'reference' }, exact: true, slow: true },
  { name: 'wasm-exact', threads: 1, load: { kernels: 'wasm' }, exact: true, slow: false },
  {
    name: 'wasm',
    threads: 1,
    load: { kernels: 'wasm', arithmetic: 'fast' },
    exact: false,
    slow: false,
    loop: 'wasm',
  },
  {
    name: 'wasm',
    threads: 2,
    load: { kernels: 'wasm', arithmetic: 'fast', threads: 2 },
    exact: false,
    slow: false,
  },
  { name: 'native-exact', threads: 1, native: {}, load: {}, exact: true, slow: false },
  {
    name: 'native',
    threads: 1,
    native: {},
    load: { arithmetic: 'fast' },
    exact: false,
    slow: false,
    loop: 'native',
  },
  {
    name: 'native',
    threads: 2,
    native: {},
    load: { arithmetic: 'fast' },
    exact: false,
    slow: false,
  },
  {
    name: 'native-avx2',
    threads: 1,
    native: { isa: 'avx2' },
    load: { arithmetic: 'fast' },
    exact: false,
    slow: false,
    loop: 'AVX2',
  },
];

/** Float runtimes: `runner` is a file of runners/. */
const peers = [
  { name: 'onnxruntime-node', runner: 'onnxruntime', package: 'onnxruntime-node', threads: 1 },
  { name: 'onnxruntime-node', runner: 'onnxruntime', package: 'onnxruntime-node', threads: 2 },
  { name: 'onnxruntime-web', runner: 'onnxruntime', package: 'onnxruntime-web', threads: 1 },
  { name: 'onnxruntime-web', runner: 'onnxruntime', package: 'onnxruntime-web', threads: 2 },
  // Its threads want the browser's Worker.
  {
    name: 'tfjs-backend-wasm',
    runner: 'tfjs',
    package: '@tensorflow/tfjs-backend-wasm',
    threads: 1,
  },
];

/** Those that speeds are told as multiples of, by name; each with as many threads as the contender has. */
export const yardsticks = ['onnxruntime-web', 'onnxruntime-node'];

const all = [
  ...ours.map((one) => ({ ...one, runner: 'ours', kind: 'packed' })),
  ...peers.map((one) => ({ ...one, kind: 'float', exact: false, slow: false })),
].map((one) => ({ ...one, id: `${one.name}${/\d$/.test(one.name) ? '-' : ''}${one.threads}` }));

export const ids = all.map(({ id }) => id);

/** Packages whose versions the page names. */
export const packages = [...new Set(peers.map((one) => one.package))];

/**
 * The contenders for one network.
 *
 * @param prepared {network, folder, inputShape, files} of prepare.mjs
 * @param batch examples a call
 */
export function contendersFor(prepared, batch, { chosen, samples }) {
  const { network, folder, inputShape, files } = prepared;
  return (
    all
      // A slow one runs a batch picture by picture, in as many times the time.
      .filter(({ id, slow }) => chosen.includes(id) && !(slow && batch > 1))
      .map(({ id, name, threads, kind, exact, slow, loop, ...how }) => {
        const config = { folder, inputShape, batch, threads, kind, exact, ...how };
        return {
          network,
          // train/rounds.mjs calls a kind of process an engine.
          engine: id,
          method: kind,
          family: id,
          label: `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
          id,
          name,
          kind,
          loop,
          profiled: loop !== undefined && batch === 1,
          threads,
          batch,
          fileBytes: files[kind].bytes,
          steps: slow ? Math.min(samples, 3) : samples,
          leadIn: slow ? 0 : 1,
          warmup: slow ? 1 : 3,
          command: [process.execPath, [child, JSON.stringify(config)]],
        };
      })
  );
}
