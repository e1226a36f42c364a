/**
 * What training a detector costs: seconds a step and memory in full precision, with STE and with SURGE.
 *
 *   npm run bench:detect -- --help
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { text } from './cost/page.mjs';
import { commandLine } from './lib/arguments.mjs';
import { describeMachine } from './train/machine.mjs';
import { measure } from './train/rounds.mjs';

const { count, list, parse } = commandLine('bench:detect');
const engines = {
  native2: ['native', 2],
  native1: ['native', 1],
  wasm2: ['wasm', 2],
  wasm1: ['wasm', 1],
};
const sets = ['bccd', 'raccoon', 'indoor'];

const help = `What training a detector costs: seconds a step and memory, in full precision, with STE and with SURGE, on the first
batch of a set that is at hand (surge-bnn data fetch SET).

  npm run bench:detect -- [options]

  --sets LIST      ${sets.join(', ')} (default: bccd)
  --engines LIST   ${Object.keys(engines).join(', ')} (default: native2, wasm2)
  --steps N        timed steps of each (default 20)
  --json FILE      writes what was measured

Every form is a process of its own; they take turns of five steps in quiet moments, as in bench:train. Close everything else first.
`;

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

function forms(set, engine, steps) {
  const [backend, threads] = engines[engine];
  const own = {
    'engine.backend': backend,
    'engine.threads': threads,
    'detection.backbone': 'random',
  };
  return [
    ['full precision', `${set}-float`, {}],
    ['STE', set, { compensator: 'none' }],
    ['SURGE', set, {}],
  ].map(([label, recipe, more]) => ({
    network: `${set}, ${engine}`,
    engine,
    label,
    steps,
    warmup: 3,
    leadIn: 1,
    command: [
      process.execPath,
      [
        here('detect/child.mjs'),
        JSON.stringify({ recipe: here(`../recipes/${recipe}.json`), set: { ...own, ...more } }),
      ],
    ],
  }));
}

const values = parse(process.argv.slice(2), {
  sets: { type: 'string' },
  engines: { type: 'string' },
  steps: { type: 'string', default: '20' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(help);
} else {
  const chosen = {
    sets: list('sets', values.sets, sets, ['bccd']),
    engines: list('engines', values.engines, Object.keys(engines), ['native2', 'wasm2']),
    steps: count('steps', values.steps),
  };
  const machine = await describeMachine();
  const records = [];
  for (const set of chosen.sets) {
    for (const engine of chosen.engines) {
      const say = (line) => process.stderr.write(`${line}\n`);
      records.push(...(await measure(forms(set, engine, chosen.steps), { profile: false, say })));
    }
  }
  const networks = [...new Set(records.map(({ network }) => network))];
  const report = { machine, loadAfter: loadavg()[0], options: { ...chosen, networks }, records };
  process.stdout.write(`${text(report)}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
}
