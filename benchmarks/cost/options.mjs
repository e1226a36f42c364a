/** What `npm run bench:cost` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { commandLine } from '../lib/arguments.mjs';
import { forms } from './forms.mjs';

const { count, list, parse } = commandLine('bench:cost');

const networks = ['resnet-20', 'cifar-resnet-18', 'vgg-small', 'digits-cnn'];
const engines = ['native2', 'native1', 'wasm2', 'wasm1'];

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
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const values = parse(argv, {
    networks: text,
    engine: text,
    forms: text,
    steps: text,
    batch: text,
    from: text,
    page: flag,
    help: flag,
  });
  if (values.help) return undefined;
  const chosen = list('networks', values.networks, networks, ['resnet-20', 'vgg-small']);
  const numbers = forms.map((_, i) => String(i + 1));
  const wanted = list('forms', values.forms, numbers, numbers);
  const [engine] = list('engine', values.engine, engines, ['native2']);
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
