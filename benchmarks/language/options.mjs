/** What `npm run bench:language` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { commandLine } from '../lib/arguments.mjs';

const { count, list, parse, refuse } = commandLine('bench:language');

export const tasks = ['classifier', 'masked'];
export const methods = ['fp', 'bibert', 'bit', 'bibert+surge', 'bit+surge'];
export const engines = ['wasm1', 'wasm2', 'native1', 'native2', 'pytorch1', 'pytorch2'];

export const help = `Seconds per training step of a BERT (4 layers, 256 wide, 4 heads, 1024 between, 30,522 words), ours beside PyTorch, all in one run.

  npm run bench:language -- [options]

  --tasks LIST      classifier: two labels, masked: 15 % of the pieces are predicted over all words by the words' own vectors (default: both)
  --methods LIST    fp: full precision, bibert, bit: binary as in that paper, bibert+surge, bit+surge: with SURGE on all binary linear layers
                    (default: all; of masked fp, as one pre-trains)
  --engines LIST    ${engines.join(', ')} (default: wasm2, native2, pytorch2); the digit is the number of threads
  --steps N         timed steps of each contender, after warm-up (default 15)
  --warmup N        steps of each before anything is timed (default 6)
  --batch N         texts a step (default 32)
  --length N        pieces of a text (default 64)
  --busy            waits for no quiet moment and repeats nothing: on a machine that is never quiet both sides suffer, and the ratios
                    mean something where the milliseconds do not
  --profile         time per kernel as well, from four more steps of each contender
  --quick           a first look: 5 steps, the classifier, native2 and pytorch2, without SURGE
  --json FILE       writes everything that was measured
  --page            writes results/language-speed.json and the section of docs/performance.md
  --from FILE       measures nothing: shows the JSON of an earlier run (with --page: writes its section anew)

A step is forward, cross-entropy, backward and AdamW over all parameters, dropout 0.1 drawn anew in each step, on one batch of random texts of full length.
Contenders are processes of their own that take turns of five steps in quiet moments, as in bench:train; medians are compared.
`;

/** @returns the options, checked; undefined when help was asked for. */
export function readOptions(argv) {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  const values = parse(argv, {
    tasks: text,
    methods: text,
    engines: text,
    steps: text,
    warmup: text,
    batch: text,
    length: text,
    json: text,
    from: text,
    profile: flag,
    busy: flag,
    quick: flag,
    page: flag,
    help: flag,
  });
  if (values.help) return undefined;
  if (values.page && values.quick) refuse('--page wants the whole run, not --quick');
  const { quick, page, profile, busy, from, json } = values;
  return {
    tasks: list('tasks', values.tasks, tasks, quick ? ['classifier'] : tasks),
    methods: list('methods', values.methods, methods, quick ? methods.slice(0, 3) : methods),
    // Others are measured on masked pieces where they are asked for by name.
    maskedMethods: list('methods', values.methods, methods, ['fp']),
    engines: list(
      'engines',
      values.engines,
      engines,
      quick ? ['native2', 'pytorch2'] : ['wasm2', 'native2', 'pytorch2'],
    ),
    steps: count('steps', values.steps ?? (quick ? '5' : '15')),
    batch: count('batch', values.batch ?? '32'),
    length: count('length', values.length ?? '64'),
    // JavaScript is compiled while it runs: the first steps of a process are not yet what a training is made of.
    warmup: count('warmup', values.warmup ?? '6'),
    json,
    quick,
    page,
    profile,
    busy,
    from,
  };
}
