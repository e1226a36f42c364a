/** What `npm run bench:text` may be asked, with its help; a mistake is one sentence and exit code 2. */
import { commandLine } from '../lib/arguments.mjs';
import { ids } from './contenders.mjs';
import { networks } from './networks.mjs';
import { lengths } from './sentences.mjs';

const { count, list, parse, refuse } = commandLine('bench:text');

export const help = `Milliseconds a sentence and bytes of packed text models beside their float twin in onnxruntime-node, in one run.

  npm run bench:text -- [options]

  --networks LIST    ${networks.join(', ')} (default: all)
  --contenders LIST  ${ids.join(', ')}
                     (default: all); the number is that of the threads. One that is not there is named and left out
  --samples N        of each contender (default 15). A sample is ${lengths.length} sentences, one at a time
  --data DIR         the data directory, with glue/SST-2 (default: that of surge-bnn data)
  --vocabulary FILE  of the pieces (default: bert-base-uncased's in the data directory)
  --quick            a first look: bert-4x256, 3 samples
  --json FILE        writes everything that was measured
  --page             writes results/text-inference.json and docs/text-inference.md
  --from FILE        measures nothing: shows the JSON of an earlier run (with --page: writes its page anew)

Sentences are of SST-2's development set where it is there, else made up, of the same lengths. Weights are drawn: time does not depend on them, and
what comes out is compared with the reference before anything is timed. Contenders are processes of their own that take turns of five
samples in quiet moments, as in bench:train. Close everything else first: all contenders of a network live at once.

  npm run bench:text -- --quick                                               half a minute
`;

/** @returns the options, checked; undefined when help was asked for. */
export function readOptions(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const values = parse(argv, {
    networks: text,
    contenders: text,
    samples: text,
    data: text,
    vocabulary: text,
    quick: flag,
    json: text,
    page: flag,
    from: text,
    help: flag,
  });
  if (values.help) return undefined;
  const { quick, json, page, from, data, vocabulary } = values;
  if (page && quick) refuse('--page wants the whole run, not --quick');
  return {
    networks: list('networks', values.networks, networks, quick ? ['bert-4x256'] : networks),
    chosen: list('contenders', values.contenders, ids, ids),
    samples: count('samples', values.samples ?? (quick ? '3' : '15')),
    where: { directory: data, vocabulary },
    json,
    page,
    from,
  };
}
