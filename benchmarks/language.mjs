/**
 * Seconds per training step of a BERT, ours beside PyTorch, in one run.
 *
 *   npm run bench:language -- --help
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { contendersFor } from './language/contenders.mjs';
import { help, readOptions } from './language/options.mjs';
import { legend, tables } from './language/page.mjs';
import { performancePage } from './lib/performance-page.mjs';
import { table } from './lib/table.mjs';
import { findPython, withoutPython } from './train/contenders.mjs';
import { describeMachine } from './train/machine.mjs';
import { measure } from './train/rounds.mjs';
import { machineLines } from './train/show.mjs';

const print = (line) => process.stdout.write(`${line}\n`);
const note = (line) => process.stderr.write(`${line}\n`);
const write = (file, content) => {
  writeFileSync(file, content);
  note(`wrote ${file}`);
};

/** Everything that is asked for, measured. */
async function run(options) {
  const machine = await describeMachine();
  const wantsPeer = options.engines.some((engine) => engine.startsWith('pytorch'));
  const python = wantsPeer ? findPython() : undefined;
  const notes = wantsPeer && !python ? [withoutPython] : [];
  notes.forEach(note);
  const said = new Set();
  const say = (line) => {
    if (!said.has(line)) note(line);
    said.add(line);
  };
  const records = [];
  for (const task of options.tasks) {
    for (const method of task === 'masked' ? options.maskedMethods : options.methods) {
      const contenders = contendersFor(task, method, options, python);
      if (contenders.length === 0) continue;
      note(`${task} ${method}: ${contenders.map(({ label }) => label).join(', ')}`);
      records.push(
        ...(await measure(contenders, { profile: options.profile, busy: options.busy, say })),
      );
    }
  }
  // Where the report is written is no part of it.
  const asked = { ...options, json: undefined };
  return { machine, loadAfter: loadavg()[0], options: asked, notes, records };
}

function text(report) {
  const parts = tables(report).map(({ title, head, rows }) => `${title}\n\n${table(head, rows)}`);
  return [...machineLines(report), '', ...parts, '', ...legend].join('\n');
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  print(help);
} else {
  const report = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await run(options);
  print(text(report));
  const json = `${JSON.stringify(report, null, 1)}\n`;
  if (options.json) write(options.json, json);
  if (options.page) {
    const root = new URL('..', import.meta.url);
    write(new URL('results/language-speed.json', root), json);
    write(new URL('docs/performance.md', root), performancePage(root));
  }
}
