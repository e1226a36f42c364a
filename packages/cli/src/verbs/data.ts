/** `surge-bnn data`: which data sets there are, and how to get them. */
import { existsSync } from 'node:fs';
import { InputError, unknownName } from '@surge-bnn/contract';
import type { Command } from 'commander';
import type {
  CheckedPictures,
  DatasetDescription,
  FetchOptions,
  FetchProgress,
  FetchResult,
} from '@surge-bnn/data';
import { bytes, count } from '../terminal/format.js';
import { catchInterrupts, EXIT_INTERRUPTED, interruptible } from '../terminal/interrupt.js';
import { print, processOutput, type Output, type OutputFlags } from '../terminal/output.js';
import { countProgress } from '../terminal/progress.js';
import { formatTable } from '../terminal/table.js';
import type { AddVerb } from '../verb.js';
import {
  drawSheet,
  formatCheckedDetection,
  formatDetection,
  type SheetFlags,
} from './data-detection.js';
import { formatCheckedTexts, formatTexts } from './data-text.js';

interface DataFlags extends OutputFlags {
  readonly directory?: string;
}

interface FetchFlags extends DataFlags {
  readonly baseUrl?: string;
  readonly revision?: string;
}

const where = 'folder of the data sets (default: SURGE_BNN_DATA, else the user cache folder)';

export const addData: AddVerb = (program, finish) => {
  const data = program
    .command('data')
    .description('list the data sets, fetch one')
    .argument('[name]', 'fetch this set; without a name: list them all');
  fetchOptions(data)
    .addHelpText('after', '\nExamples:\n  $ surge-bnn data\n  $ surge-bnn data cifar10')
    .action(async (name: string | undefined, flags: FetchFlags) => {
      if (name === undefined) await list(flags);
      else finish(await fetch(name, flags));
    });
  data
    .command('list')
    .description('the data sets: size, licence, whether they are here')
    .option('--directory <folder>', where)
    .option('--json', 'print JSON and nothing else')
    .action(async (_: DataFlags, command: Command) => list(command.optsWithGlobals()));
  data
    .command('check')
    .description('look pictures or texts over: classes, sizes, corrupt files')
    .argument(
      '<path|name>',
      "a folder with train/<class>/.. and test/<class>/.. (or val), or a tar; or annotated pictures in VOC's or COCO's layout, or a set of them by its name; or GLUE's folder, a task's, or a file in one",
    )
    .option('--directory <folder>', where)
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      '\nEnds with exit code 2 when a picture is corrupt, or a half or a file is not usable.',
    )
    .action(async (source: string, _: DataFlags, command: Command) => {
      finish(await check(source, command.optsWithGlobals()));
    });
  data
    .command('sheet')
    .description('draw some annotated pictures with their boxes, side by side, as one PNG')
    .argument(
      '<name|path>',
      "a set like voc2007 or bccd, or a folder or tar archive in VOC's or COCO's layout",
    )
    .option('--list <name>', 'which pictures: train, val, trainval, test, val2017, ..')
    .option('--out <file>', 'the PNG file')
    .option('--count <n>', 'how many pictures', '12')
    .option('--columns <n>', 'pictures in a row', '4')
    .option('--tile <pixels>', 'width of a picture', '320')
    .option('--seed <n>', 'draws which pictures', '1')
    .option('--directory <folder>', where)
    .option('--json', 'print JSON and nothing else')
    .addHelpText('after', '\nExample:\n  $ surge-bnn data sheet bccd --list test --out sheet.png')
    .action(async (source: string, _: SheetFlags, command: Command) => {
      await drawSheet(source, command.optsWithGlobals());
    });
  const model = data
    .command('model')
    .description("a BERT's files from the Hugging Face hub, checksums verified")
    .argument('<name>', 'owner/name, such as google-bert/bert-base-uncased')
    .option('--revision <revision>', 'a branch, a tag, a commit, or refs/pr/1 (default: main)')
    .option('--directory <folder>', `${where}; the files go into models/ there`)
    .option('--base-url <address>', 'the address of a mirror of the hub')
    .option('--json', 'print JSON and nothing else')
    .option('--quiet', 'print the result only');
  model
    .addHelpText('after', '\nExample:\n  $ surge-bnn data model google-bert/bert-base-uncased')
    .action(async (name: string, _: FetchFlags, command: Command) => {
      finish(await fetch(name, command.optsWithGlobals(), fetchModelFiles));
    });
  const fetching = data
    .command('fetch')
    .description('download a data set, checksums verified')
    .argument('<name>', 'a name of `surge-bnn data list`');
  fetchOptions(fetching)
    .addHelpText('after', '\nExample:\n  $ surge-bnn data fetch mnist')
    .action(async (name: string, _: FetchFlags, command: Command) => {
      finish(await fetch(name, command.optsWithGlobals()));
    });
};

/** What is checked: a path, or where no such path is there, a published set of annotated pictures by its name. */
async function check(source: string, flags: DataFlags): Promise<number> {
  const data = await import('@surge-bnn/data');
  const { checkDetection, checkPictures, checkText, detectionLayout, holdsText } = data;
  const { directory } = flags;
  const named = existsSync(source)
    ? undefined
    : data.describeDetection().find(({ name }) => name === source);
  if (named === undefined && directory !== undefined) {
    throw new InputError(
      `--directory is for a set of annotated pictures by its name; "${source}" is none, or a path itself: leave --directory out`,
    );
  }
  const output = processOutput(flags);
  const progress = countProgress(output, 'pictures');
  const nothing = () => undefined; // to say: nothing is lost
  return interruptible(nothing, async (signal) => {
    const onProgress = progress.show;
    if (named !== undefined) {
      const found = await data
        .checkPublishedDetection(named.name, { directory, signal, onProgress })
        .finally(progress.close);
      print(output, found, formatCheckedDetection);
      return found.problems.length === 0 ? 0 : 2;
    }
    if (await holdsText(source)) {
      const found = await checkText(source, { signal });
      print(output, found, formatCheckedTexts);
      return found.problems.length === 0 ? 0 : 2;
    }
    if ((await detectionLayout(source)) !== undefined) {
      const found = await checkDetection(source, { signal, onProgress }).finally(progress.close);
      print(output, found, formatCheckedDetection);
      return found.problems.length === 0 ? 0 : 2;
    }
    const checked = await checkPictures(source, { signal, onProgress }).finally(progress.close);
    print(output, checked, formatCheck);
    const isSound = checked.halves.every(({ corrupt }) => corrupt.length === 0);
    return isSound && checked.problems.length === 0 ? 0 : 2;
  });
}

/** What was found, half by half, then what is wrong. */
function formatCheck({ halves, problems }: CheckedPictures): string {
  const lines = halves.flatMap((half) => {
    const { folder, classes, width, height, statistics, corrupt, remarks } = half;
    const range = ([low, high]: readonly [number, number]) =>
      low === high ? String(low) : `${low} to ${high}`;
    const list = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(', ');
    return [
      `${folder}: ${count(half.count)} pictures in ${classes.length} classes`,
      ...classes.map((one) => `  ${one.name}: ${count(one.count)}`),
      ...(width === undefined || height === undefined
        ? []
        : [`  width ${range(width)}, height ${range(height)}`]),
      ...(statistics === undefined
        ? []
        : [`  mean ${list(statistics.mean)}, deviation ${list(statistics.std)} (of 0 to 1)`]),
      ...remarks.map((remark) => `  ${remark}`),
      ...corrupt.map(({ picture, reason }) => `  corrupt: ${picture} (${reason})`),
    ];
  });
  return [...lines, ...problems].join('\n');
}

function fetchOptions(command: Command): Command {
  return command
    .option('--directory <folder>', where)
    .option('--base-url <address>', 'take the files from here instead of the known mirrors')
    .option('--json', 'print JSON and nothing else')
    .option('--quiet', 'print the result only');
}

async function list(flags: DataFlags): Promise<void> {
  const data = await import('@surge-bnn/data');
  const [sets, annotated] = [data.describeDatasets(flags), data.describeDetection(flags)];
  const texts = data.describeText(flags);
  const pretrained = [data.describeVocabulary(flags), data.describeSentenceEncoder(flags)];
  const output = processOutput(flags);
  // One list for machines: annotated sets have "lists" and texts "splits" where the others have training and test.
  if (output.json) print(output, [...sets, ...annotated, ...texts, ...pretrained], String);
  else {
    const parts = [
      formatDatasets(sets),
      formatDetection(annotated),
      formatTexts(texts, pretrained),
    ];
    output.result(parts.join('\n\n'));
  }
}

type Fetch = (name: string, options: FetchOptions, flags: FetchFlags) => Promise<FetchResult>;

async function fetch(name: string, flags: FetchFlags, from: Fetch = fetchSet): Promise<number> {
  const output = processOutput(flags);
  const interrupt = catchInterrupts(() => {
    output.note(
      'Stopping; whole files stay, and a part of a large one, which the next fetch goes on from.',
    );
  });
  try {
    const options = {
      directory: flags.directory,
      baseUrl: flags.baseUrl,
      signal: interrupt.signal,
      onProgress: fileLines(output),
    };
    print(output, await from(name, options, flags), ({ where: folder, downloaded, kept }) => {
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

const fetchSet: Fetch = async (name, options) => {
  const data = await import('@surge-bnn/data');
  const { datasetNames, detectionNames, textTaskNames, vocabularyName, sentenceEncoderName } = data;
  const pictures = datasetNames.find((known) => known === name);
  const annotated = detectionNames.find((known) => known === name);
  const texts = textTaskNames.find((known) => known === name);
  if (pictures !== undefined) return data.fetchDataset(pictures, options);
  if (annotated !== undefined) return data.fetchDetection(annotated, options);
  if (texts !== undefined) return data.fetchText(texts, options);
  if (name === vocabularyName) return data.fetchVocabulary(options);
  if (name === sentenceEncoderName) return data.fetchSentenceEncoder(options);
  const pretrained = [vocabularyName, sentenceEncoderName];
  const known = [...datasetNames, ...detectionNames, ...textTaskNames, ...pretrained];
  throw unknownName('data set', name, known);
};

const fetchModelFiles: Fetch = async (name, options, { revision }) => {
  const { fetchModel } = await import('@surge-bnn/data');
  return fetchModel(name, { ...options, revision });
};

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
  const advice = sets.filter((set) => !set.present).map((set) => `${set.name}: ${set.how}`);
  return [
    table,
    ...(advice.length > 0
      ? ['', 'to get what is not here:', ...advice.map((line) => `  ${line}`)]
      : []),
    '',
    'Your own pictures, in a folder or tar archive, are the set "folder"; surge-bnn data check PATH looks them over.',
  ].join('\n');
}
