/** `surge-bnn data`: which data sets there are, and how to get them. */
import { InputError } from '@surge-bnn/contract';
import type { DatasetDescription, DatasetName, FetchProgress } from '@surge-bnn/data';
import { bytes, count } from '../terminal/format.js';
import { catchInterrupts, EXIT_INTERRUPTED } from '../terminal/interrupt.js';
import { print, processOutput, type Output, type OutputFlags } from '../terminal/output.js';
import { formatTable } from '../terminal/table.js';
import type { AddVerb } from '../verb.js';

interface DataFlags extends OutputFlags {
  readonly directory?: string;
}

const where = 'folder of the data sets (default: SURGE_BNN_DATA, else the user cache folder)';

export const addData: AddVerb = (program, finish) => {
  const data = program.command('data').description('list the data sets, fetch one');
  data
    .command('list')
    .description('the data sets: size, licence, whether they are here')
    .option('--directory <folder>', where)
    .option('--json', 'print JSON and nothing else')
    .action(async (flags: DataFlags) => {
      const { describeDatasets } = await import('@surge-bnn/data');
      print(processOutput(flags), describeDatasets(flags), formatDatasets);
    });
  data
    .command('fetch')
    .description('download a data set, checksums verified')
    .argument('<name>', 'a name of `surge-bnn data list`')
    .option('--directory <folder>', where)
    .option('--base-url <address>', 'take the files from here instead of the known mirrors')
    .option('--json', 'print JSON and nothing else')
    .option('--quiet', 'print the result only')
    .addHelpText('after', '\nExample:\n  $ surge-bnn data fetch mnist')
    .action(async (name: string, flags: DataFlags & { baseUrl?: string }) => {
      finish(await fetch(name, flags));
    });
};

async function fetch(name: string, flags: DataFlags & { baseUrl?: string }): Promise<number> {
  const { fetchDataset } = await import('@surge-bnn/data');
  const output = processOutput(flags);
  const interrupt = catchInterrupts(() => {
    output.note('Stopping; whole files stay, a half one is removed.');
  });
  try {
    const result = await fetchDataset(name as DatasetName, {
      directory: flags.directory,
      baseUrl: flags.baseUrl,
      signal: interrupt.signal,
      onProgress: fileLines(output),
    });
    print(output, result, ({ where: folder, downloaded, kept }) => {
      const parts = [`${downloaded.length} file(s) downloaded`, `${kept.length} were there`];
      return `${name} is complete in ${folder}: ${parts.join(', ')}`;
    });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted && error instanceof InputError) return EXIT_INTERRUPTED;
    throw error;
  } finally {
    interrupt.release();
  }
}

/** One line for each thing that happens to a file; the many "downloading" steps become one. */
function fileLines(output: Output): (progress: FetchProgress) => void {
  let last = '';
  return ({ file, state, total, reason }) => {
    const size = total > 0 ? ` (${bytes(total)})` : '';
    const line = `${file}: ${state}${reason === undefined ? size : `, ${reason}`}`;
    if (line !== last) output.note(line);
    last = line;
  };
}

/** The sets in a table, and for those that are missing what to do. */
export function formatDatasets(sets: readonly DatasetDescription[]): string {
  const table = formatTable<DatasetDescription>(
    [
      { title: 'name', value: (s) => s.name, align: 'left' },
      { title: 'what', value: (s) => s.title, align: 'left' },
      { title: 'training', value: (s) => count(s.train) },
      { title: 'test', value: (s) => count(s.test) },
      { title: 'picture', value: (s) => `${s.height}x${s.width}x${s.channels}` },
      { title: 'download', value: (s) => (s.bytes === 0 ? 'none' : bytes(s.bytes)) },
      { title: 'here', value: (s) => (s.present ? 'yes' : 'no') },
      { title: 'licence', value: (s) => s.licence, align: 'left' },
    ],
    sets,
  );
  const advice = sets
    .filter((set) => !set.present && set.bytes > 0)
    .map((set) => `get ${set.name} with: surge-bnn data fetch ${set.name}`);
  return [table, ...(advice.length > 0 ? ['', ...advice] : [])].join('\n');
}
