/** What `npm run bench:train` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { commandLine } from '../lib/arguments.mjs';

const { count, list, parse, refuse } = commandLine('bench:train');

export const networks = ['resnet-20', 'vgg-small', 'digits-cnn'];
export const methods = ['fp', 'ste', 'surge'];
export const engines = ['wasm1', 'wasm2', 'native1', 'native2', 'tfjs-cpu', 'pytorch'];
/** Measured when they are named. */
export const furtherEngines = ['wasm1-plain', 'wasm2-plain', 'native2-bf16-binary', 'native2-bf16'];

export const help = `Seconds per training step, ours beside TF.js and PyTorch, all in one run.

  npm run bench:train -- [options]

  --networks LIST   ${networks.join(', ')} (default: the first two)
  --methods LIST    fp: full precision, ste: binary, surge: binary with SURGE (default: all)
  --engines LIST    ${engines.join(', ')} (default: all)
                    the digit is the number of threads; an engine that is not there
                    is named and left out. Only when named: wasm1-plain and wasm2-plain without fused multiply-add where
                    the host has it (Node 21 and later), native2-bf16-binary and native2-bf16, whose binary
                    branch, or both branches, multiply in bfloat16 on the way back
  --steps N         timed steps of each contender, after warm-up (default 10; TF.js takes 1)
  --batch N         pictures a step (default 128; TF.js takes 8, wasm 16 on VGG-Small; scaled, marked with *)
  --profile         time per kernel as well, from four more steps of each contender; and oneDNN's own speed on
                    the same convolutions, where a compiler and oneDNN are found
  --quick           a first look: 3 steps, resnet-20, without TF.js
  --json FILE       writes everything that was measured
  --page            writes results/train-speed.json and docs/performance.md
  --from FILE       measures nothing: shows the JSON of an earlier run (with --page: writes its page anew)

A step is forward, softmax cross-entropy, backward, clipping and SGD with momentum and weight decay on one batch of
random pictures: what a run does, without the loading of images. Contenders are processes of their own that take
turns of five steps after some that are not timed; medians are compared. PyTorch is found through $SURGE_PYTHON, python3, /usr/bin/python3.
Close everything else first: threads that wait for each other suffer most on a busy machine. On Linux a turn waits up to
20 s for a quiet moment and is repeated when other processes took part of the machine; what stayed disturbed is marked.

  npm run bench:train                                            half an hour, a third of it TF.js
  npm run bench:train -- --quick --engines native2,pytorch       the comparison that matters, in a minute
  npm run bench:train -- --methods surge --engines wasm2 --profile
`;

/** @returns the options, checked; undefined when help was asked for. */
export function readOptions(argv) {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  const values = parse(argv, {
    networks: text,
    methods: text,
    engines: text,
    steps: text,
    batch: text,
    json: text,
    from: text,
    profile: flag,
    quick: flag,
    page: flag,
    help: flag,
  });
  if (values.help) return undefined;
  if (values.page && values.quick) refuse('--page wants the whole run, not --quick');
  const { quick, page, profile, from } = values;
  return {
    networks: list('networks', values.networks, networks, networks.slice(0, quick ? 1 : 2)),
    methods: list('methods', values.methods, methods, methods),
    engines: list(
      'engines',
      values.engines,
      [...engines, ...furtherEngines],
      engines.filter((name) => !quick || name !== 'tfjs-cpu'),
    ),
    steps: count('steps', values.steps ?? (quick ? '3' : '10')),
    // JavaScript is compiled while it runs: the first steps of a process are not yet what a training is made of.
    warmup: quick ? 4 : 8,
    batch: count('batch', values.batch ?? '128'),
    json: values.json,
    quick,
    page,
    profile,
    from,
  };
}
