/** What `npm run bench:infer` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { commandLine } from '../lib/arguments.mjs';
import { ids } from './contenders.mjs';
import { examples, networks, usual } from './networks.mjs';

const { count, list, parse, refuse } = commandLine('bench:infer');

export const help = `Latency, throughput, load time and file size of packed networks beside their float twins in other runtimes, in one run.

  npm run bench:infer -- [options]

  --networks LIST    ${networks.join(', ')}
                     (default: all but resnet-20)
  --contenders LIST  ${ids.join(', ')} (default: all); the number is that of the threads.
                     One that is not there is named and left out
  --samples N        of each contender (default 15; slow ones take 3). A sample is the median of the calls of a tenth of a second
  --layers           the time of each stage of the packed networks, too (--page has it)
  --quick            a first look: vgg-small, 3 samples, no batches
  --json FILE        writes everything that was measured
  --page             writes results/inference.json and docs/inference.md
  --from FILE        measures nothing: shows the JSON of an earlier run (with --page: writes its page anew)

Weights are random, and batch norm's statistics those of random pictures: time does not depend on them, and what comes out is compared
with the reference before anything is timed. Float twins have relu and batch norms merged into the weights. Contenders are
processes of their own that take turns of five samples in quiet moments, as in bench:train; a second round runs batches of ${examples}.
Close everything else first: all contenders of a network live at once, which takes some gigabytes.

  npm run bench:infer -- --quick                                              a minute
  npm run bench:infer -- --networks resnet-20 --contenders reference1         load time of a small file
`;

/** @returns the options, checked; undefined when help was asked for. */
export function readOptions(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const values = parse(argv, {
    networks: text,
    contenders: text,
    samples: text,
    layers: flag,
    quick: flag,
    json: text,
    page: flag,
    from: text,
    help: flag,
  });
  if (values.help) return undefined;
  const { quick, json, page, from } = values;
  if (page && quick) refuse('--page wants the whole run, not --quick');
  return {
    networks: list('networks', values.networks, networks, quick ? ['vgg-small'] : usual),
    chosen: list('contenders', values.contenders, ids, ids),
    samples: count('samples', values.samples ?? (quick ? '3' : '15')),
    profile: values.layers || page,
    batches: quick ? [1] : [1, examples],
    json,
    page,
    from,
  };
}
