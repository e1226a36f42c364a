/**
 * What training costs, form by form: seconds a step, peak memory, extra parameters.
 *
 *   npm run bench:cost -- --help
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { help, readOptions } from './cost/options.mjs';
import { page, text } from './cost/page.mjs';
import { ownContender } from './train/contenders.mjs';
import { describeMachine } from './train/machine.mjs';
import { measure } from './train/rounds.mjs';

const note = (line) => process.stderr.write(`${line}\n`);

async function run(options) {
  const machine = await describeMachine();
  const records = [];
  for (const network of options.networks) {
    const contenders = options.forms.map(({ name: label, method, compensator }) => {
      const common = { network, method, engine: options.engine, label, compensator };
      return ownContender(common, options);
    });
    note(`${network}: ${contenders.map(({ label }) => label).join('; ')}`);
    records.push(...(await measure(contenders, { profile: false, say: note })));
  }
  return { machine, loadAfter: loadavg()[0], options, records };
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  process.stdout.write(help);
} else {
  const report = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await run(options);
  process.stdout.write(`${text(report)}\n`);
  if (options.page) {
    const root = new URL('..', import.meta.url);
    if (!options.from) {
      writeFileSync(new URL('results/cost.json', root), `${JSON.stringify(report, null, 1)}\n`);
    }
    writeFileSync(new URL('docs/cost.md', root), page(report));
    note('wrote docs/cost.md');
  }
}
