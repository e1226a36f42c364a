/**
 * Who is measured: one contender for each engine, or for PyTorch each way to write the method, with the command
 * that starts its process. What every process answers is in trainer.mjs.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * TF.js's plain CPU backend takes a minute and more for one step of 8 pictures, in which warm-up does not show; of VGG-Small it would
 * take two minutes for a single picture, and is left out. The wasm engine's steps of 128 pictures take 10 to 20 seconds there.
 */
const smallerPlans = {
  'tfjs-cpu': { 'resnet-20': { batch: 8, steps: 1, warmup: 0 } },
  wasm1: { 'vgg-small': { batch: 16 } },
  wasm2: { 'vgg-small': { batch: 16 } },
  'wasm1-plain': { 'vgg-small': { batch: 16 } },
  'wasm2-plain': { 'vgg-small': { batch: 16 } },
};
const leftOut = (network, engine) => engine === 'tfjs-cpu' && network === 'vgg-small';

/** Steps of seconds: all that has to warm up has done so after two of them. */
const longSteps = ['vgg-small'];
const warmupOf = (network, warmup) => (longSteps.includes(network) ? Math.min(2, warmup) : warmup);

/**
 * Steps at the beginning of a turn that are not timed: what the others have pushed out of the caches comes back, and V8, which has put
 * its heap in order while it waited, finds its size again.
 */
const leadInOf = (network) => (longSteps.includes(network) ? 1 : 3);

const engineOptions = {
  wasm1: { backend: 'surge-wasm', threads: 1 },
  wasm2: { backend: 'surge-wasm', threads: 2 },
  'wasm1-plain': { backend: 'surge-wasm', threads: 1, fusedMultiplyAdd: false },
  'wasm2-plain': { backend: 'surge-wasm', threads: 2, fusedMultiplyAdd: false },
  native1: { backend: 'surge-native', threads: 1 },
  native2: { backend: 'surge-native', threads: 2 },
  'native2-bf16-binary': {
    backend: 'surge-native',
    threads: 2,
    binaryGradients: 'bfloat16',
  },
  'native2-bf16': {
    backend: 'surge-native',
    threads: 2,
    binaryGradients: 'bfloat16',
    auxiliaryGradients: 'bfloat16',
  },
  'tfjs-cpu': { backend: 'cpu', threads: 1 },
};

/** Ways to write a method in PyTorch. The fastest of one family, over memory formats too, stands in the table. */
const peers = {
  fp: { pytorch: ['fp'] },
  ste: { pytorch: ['ste', 'ste-composed'] },
  surge: {
    'pytorch by hand': ['surge-handwritten'],
    'pytorch textbook': ['surge-textbook'],
  },
};

/** PyTorch's memory formats, in the words that everybody else uses. */
const formats = { channels_last: 'NHWC', contiguous: 'NCHW' };

/** Networks that the peer script has, too. */
const peerNetworks = ['resnet-20', 'vgg-small'];

const peerThreads = 2;

/** Numbers of threads that the native contenders among these use. */
export function nativeThreads(engines) {
  const native = engines.filter((engine) => engine.startsWith('native'));
  return [...new Set(native.map((engine) => engineOptions[engine].threads))];
}

/**
 * The contenders for one network and method.
 *
 * @param options of the run
 * @param python the interpreter that has torch; undefined: no PyTorch
 */
export function contendersFor(network, method, options, python) {
  return options.engines.flatMap((engine) => {
    const common = { network, method, engine };
    // Precisions of a binary layer's backward say nothing without binary layers.
    if (engine.includes('bf16') && method === 'fp') return [];
    if (leftOut(network, engine)) return [];
    if (engine !== 'pytorch') return [ownContender(common, options)];
    if (python === undefined || !peerNetworks.includes(network)) return [];
    return Object.entries(peers[method]).flatMap(([family, spellings]) =>
      spellings.flatMap((spelling) =>
        Object.keys(formats).map((format) =>
          peerContender({ ...common, family, spelling, format }, options, python),
        ),
      ),
    );
  });
}

/**
 * One of our engines.
 *
 * @param common network, method, engine; for a form of SURGE also `compensator`, a recipe's options of it, and the form's `label`
 */
export function ownContender(common, options) {
  const plan = { ...options, ...smallerPlans[common.engine]?.[common.network] };
  const { steps, warmup, batch } = plan;
  const engine = engineOptions[common.engine];
  const { network, method, compensator, label = common.engine } = common;
  const config = { network, method, batch, engine, compensator };
  return {
    ...common,
    family: label,
    label,
    threads: engine.threads,
    batch,
    steps: Math.min(steps, options.steps),
    leadIn: steps > 1 ? leadInOf(common.network) : 0,
    warmup: warmupOf(common.network, warmup),
    command: [process.execPath, [here('child.mjs'), JSON.stringify(config)]],
  };
}

function peerContender(common, { steps, warmup, batch }, python) {
  const words = {
    networks: common.network,
    methods: common.spelling,
    formats: common.format,
    batch,
    threads: peerThreads,
  };
  const args = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    ...common,
    label: `${common.family} (${common.spelling === 'ste-composed' ? 'composed, ' : ''}${formats[common.format]})`,
    threads: peerThreads,
    batch,
    steps,
    leadIn: leadInOf(common.network),
    warmup: warmupOf(common.network, warmup),
    command: [python, [here('../peers/pytorch_train.py'), '--serve', ...args]],
  };
}

/** The first python that has torch, or undefined. */
export function findPython() {
  const places = [process.env.SURGE_PYTHON, 'python3', '/usr/bin/python3'];
  return places.find((place) => {
    if (!place) return false;
    return spawnSync(place, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0;
  });
}

export const withoutPython =
  'pytorch is skipped: no python3 with torch was found; on Debian: apt-get install python3-torch libopenblas0-pthread, elsewhere: pip install torch and set SURGE_PYTHON';
