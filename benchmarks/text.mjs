/**
 * How fast packed text models run and how small they are, beside their float twin in onnxruntime.
 *
 *   npm run bench:text -- --help
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { versionsOf } from './lib/versions.mjs';
import { contendersFor } from './text/contenders.mjs';
import { help, readOptions } from './text/options.mjs';
import { page, text } from './text/page.mjs';
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
  let about;
  for (const network of options.networks) {
    const folder = mkdtempSync(path.join(tmpdir(), 'surge-text-'));
    try {
      note(`${network}: making the packed networks and their float twin`);
      const { files, ...rest } = prepare({ network, folder, ...options.where });
      about = rest;
      records.push(...(await round({ network, folder, files }, options)));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  // Where the data lie is nobody's business.
  const { networks, chosen, samples } = options;
  const told = { networks, chosen, samples };
  const versions = versionsOf(['onnxruntime-node']);
  return { machine, versions, loadAfter: loadavg()[0], options: told, ...about, records };
}

/** All contenders of a network. */
async function round(prepared, options) {
  const contenders = contendersFor(prepared, options);
  note(`${prepared.network}: ${contenders.map(({ id }) => id).join(', ')}`);
  const measured = await measure(contenders, { profile: false, say: note });
  return measured.map((record, i) => {
    const { id, kind, against, bytes, tableBytes } = contenders[i];
    return { ...record, id, kind, against, bytes, tableBytes };
  });
}

/** What a network's contenders load, made in a process that takes its memory with it. */
function prepare(config) {
  const script = fileURLToPath(new URL('text/prepare.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, JSON.stringify(config)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${config.network} cannot be made:\n${stderr}`);
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
    if (!options.from) write(new URL('results/text-inference.json', root), json);
    write(new URL('docs/text-inference.md', root), page(report));
  }
}
