/** What `npm run bench:cost` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { parseArgs } from 'node:util';
import { forms } from './forms.mjs';

const networks = ['resnet-20', 'cifar-resnet-18', 'vgg-small', 'digits-cnn'];
const engines = ['native2', 'native1', 'wasm'];

export const help = `What training costs: seconds a step, peak memory and extra parameters, form by form.

  npm run bench:cost -- [options]

  --networks LIST   ${networks.join(', ')} (default: resnet-20 and vgg-small)
  --engine NAME     ${engines.join(', ')} (default: native2, the native engine with two threads)
  --forms LIST      by number, as listed below (default: all)
  --steps N         timed steps of each (default 20)
  --batch N         pictures a step (default 128)
  --page            writes results/cost.json and docs/cost.md
  --from FILE       measures nothing: shows the JSON of an earlier run (with --page: writes its page anew)

Every form is a process of its own; all of a network live at once (on VGG-Small that takes some gigabytes: --forms) and take
turns of five steps in quiet moments, as in bench:train. Close everything else first.

${forms.map(({ name }, i) => `  ${i + 1}  ${name}`).join('\n')}
`;

/** @returns the options, checked; undefined when help was asked for. */
export function readOptions(argv) {
  const { values } = parse(argv);
  if (values.help) return undefined;
  const chosen = list('networks', values.networks ?? 'resnet-20,vgg-small', networks);
  const numbers = forms.map((_, i) => String(i + 1));
  const wanted = list('forms', values.forms ?? numbers.join(','), numbers);
  const [engine] = list('engine', values.engine ?? 'native2', engines);
  return {
    networks: chosen,
    engine,
    forms: wanted.map((number) => forms[Number(number) - 1]),
    steps: count('steps', values.steps ?? '20'),
    batch: count('batch', values.batch ?? '128'),
    warmup: 8,
    page: values.page,
    from: values.from,
  };
}

function parse(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const options = { networks: text, engine: text, forms: text, steps: text, batch: text };
  try {
    return parseArgs({ args, options: { ...options, from: text, page: flag, help: flag } });
  } catch (error) {
    return refuse(error.message);
  }
}

function list(name, given, allowed) {
  const chosen = given.split(',');
  const wrong = chosen.find((item) => !allowed.includes(item));
  if (wrong !== undefined) {
    refuse(`--${name}: "${wrong}" does not exist; allowed: ${allowed.join(', ')}`);
  }
  return chosen;
}

function count(name, given) {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) refuse(`--${name} must be a whole number >= 1`);
  return value;
}

function refuse(sentence) {
  console.error(`bench:cost: ${sentence} (--help explains the options)`);
  process.exit(2);
}
