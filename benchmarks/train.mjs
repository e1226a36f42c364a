/**
 * Seconds per training step of our engines, TF.js and PyTorch on ResNet-20 and VGG-Small, in one run.
 *
 *   npm run bench:train -- --help
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { performancePage } from './lib/performance-page.mjs';
import { contendersFor, findPython, nativeThreads, withoutPython } from './train/contenders.mjs';
import { describeMachine } from './train/machine.mjs';
import { describeNetwork } from './train/networks.mjs';
import { measureOneDnn } from './train/onednn.mjs';
import { help, readOptions } from './train/options.mjs';
import { measure } from './train/rounds.mjs';
import { text } from './train/show.mjs';

const print = (line) => process.stdout.write(`${line}\n`);
const note = (line) => process.stderr.write(`${line}\n`);
const write = (file, content) => {
  writeFileSync(file, content);
  note(`wrote ${file}`);
};

/** Everything that is asked for, measured. */
async function run(options) {
  const machine = await describeMachine();
  if (machine.loadBefore > 0.5) {
    note(
      `the load average is ${machine.loadBefore.toFixed(1)}: every turn waits for a quiet moment`,
    );
  }
  const notes = [];
  const wantsPeer = options.engines.includes('pytorch');
  const python = wantsPeer ? findPython() : undefined;
  if (wantsPeer && python === undefined) {
    notes.push(withoutPython);
    note(withoutPython);
  }
  const said = new Set();
  const say = (line) => {
    if (!said.has(line)) note(line);
    said.add(line);
  };
  const macs = {};
  const convolutions = {};
  const records = [];
  for (const network of options.networks) {
    const described = await describeNetwork(network, options.batch);
    macs[network] = described.macs;
    convolutions[network] = described.convolutions;
    for (const method of options.methods) {
      const contenders = contendersFor(network, method, options, python);
      note(`${network} ${method}: ${contenders.map(({ label }) => label).join(', ')}`);
      const { profile } = options;
      records.push(...(await measure(contenders, { profile, say })));
    }
  }
  const onednn = await oneDnnAlone(convolutions, options);
  if (onednn?.missing !== undefined) {
    notes.push(onednn.missing);
    note(onednn.missing);
  }
  return { machine, loadAfter: loadavg()[0], options, notes, macs, convolutions, records, onednn };
}

/** oneDNN's speed on all convolutions of the networks, which a profile of a native engine is held against. */
async function oneDnnAlone(convolutions, { profile, engines }) {
  const threadCounts = nativeThreads(engines);
  if (!profile || threadCounts.length === 0) return undefined;
  const all = Object.values(convolutions).flatMap((list) => list.map(({ numbers }) => numbers));
  const distinct = [...new Map(all.map((numbers) => [String(numbers), numbers])).values()];
  note(`oneDNN alone: ${distinct.length} convolutions, threads: ${threadCounts.join(', ')}`);
  return measureOneDnn(distinct, threadCounts);
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
    write(new URL('results/train-speed.json', root), json);
    write(new URL('docs/performance.md', root), performancePage(root));
  }
}
