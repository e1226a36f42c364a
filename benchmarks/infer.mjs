/**
 * How fast packed networks run, beside their float twins in other runtimes.
 *
 *   npm run bench:infer -- --help
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureBareLoops } from './infer/bare-loop.mjs';
import { contendersFor, packages } from './infer/contenders.mjs';
import { help, readOptions } from './infer/options.mjs';
import { page, text } from './infer/page.mjs';
import { versionsOf } from './lib/versions.mjs';
import { describeMachine } from './train/machine.mjs';
import { measure } from './train/rounds.mjs';

const note = (line) => process.stderr.write(`${line}\n`);
const write = (file, content) => {
  writeFileSync(file, content);
  note(`wrote ${file}`);
};

async function run(options) {
  const machine = await describeMachine();
  const records = [];
  const multiplying = {};
  for (const network of options.networks) {
    const folder = mkdtempSync(path.join(tmpdir(), 'surge-infer-'));
    try {
      note(`${network}: making the packed network and its float twin`);
      const prepared = { network, folder, ...prepare(network, folder) };
      multiplying[network] = prepared.multiplying;
      for (const batch of options.batches) records.push(...(await round(prepared, batch, options)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const bareLoops = await measureBareLoops();
  return {
    machine,
    versions: versionsOf(packages),
    loadAfter: loadavg()[0],
    options,
    records,
    multiplying,
    bareLoops,
  };
}

/** All contenders of a network with one size of batch. */
async function round(prepared, batch, options) {
  const contenders = contendersFor(prepared, batch, options);
  note(`${prepared.network}, batch ${batch}: ${contenders.map(({ id }) => id).join(', ')}`);
  const measured = await measure(contenders, { profile: options.profile, say: note });
  return measured.map((record, i) => {
    const { id, name, kind, fileBytes, loop } = contenders[i];
    return { ...record, id, name, kind, fileBytes, loop };
  });
}

/** What a network's contenders load, made in a process that takes its memory with it. */
function prepare(network, folder) {
  const script = fileURLToPath(new URL('infer/prepare.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, network, folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${network} cannot be made:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  process.stdout.write(help);
} else {
  const report = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await run(options);
  process.stdout.write(`${text(report)}\n`);
  const json = `${JSON.stringify(report, null, 1)}\n`;
  if (options.json) write(options.json, json);
  if (options.page) {
    const root = new URL('..', import.meta.url);
    if (!options.from) write(new URL('results/inference.json', root), json);
    write(new URL('docs/inference.md', root), page(report));
  }
}
