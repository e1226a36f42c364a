/** `surge-bnn export`: a model file, or a network for texts, in formats that others read. */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { checkCheckpoint } from '../checkpoint-name.js';
import type { ExportFormat } from '../export/format.js';
import { formats } from '../export/formats.js';
import { openModel } from '../model-file/open.js';
import { isFolder, loadRecipeOrRun } from '../network-cost.js';
import { count } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { noteUnfinished } from '../unfinished.js';
import { refuseOptions, type AddVerb } from '../verb.js';

/** By the formats' names, the files that are wanted. */
type ExportFlags = OutputFlags & {
  readonly force?: boolean;
  readonly checkpoint?: string;
} & Readonly<Record<string, unknown>>;

interface Wanted {
  readonly format: ExportFormat;
  readonly file: string;
}

interface Exported {
  readonly format: string;
  readonly file: string;
  readonly bytes: number;
  readonly state: 'written' | 'unchanged';
  readonly remarks: readonly string[];
}

/** A file that is made and not written yet. */
interface Made extends Wanted {
  readonly bytes: Uint8Array;
  readonly remarks: readonly string[];
}

/** What was found, and how its files are made. */
interface Source {
  /** Of a model file; absent for a run. */
  readonly modelBytes?: number;
  readonly make: () => Promise<readonly Made[]>;
}

interface Result extends Pick<Source, 'modelBytes'> {
  readonly model: string;
  readonly files: readonly Exported[];
}

export const addExport: AddVerb = (program) => {
  const command = program
    .command('export')
    .description('a model file, or a network for texts, in formats that others read')
    .argument('<model>', 'a model file (*.bnn), or the folder of a run of texts');
  for (const { name, description } of formats) command.option(`--${name} <file>`, description);
  command
    .option('--checkpoint <which>', 'of a run: last (default), best or averaged')
    .option('--force', 'replace files that hold something else')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `\n${formats.map(({ help }) => help).join('\n\n')}\n\nExamples:\n${formats.map(({ example }) => `  $ ${example}`).join('\n')}`,
    )
    .action(async (given: string, flags: ExportFlags) => {
      print(processOutput(flags), await exportModel(given, flags), formatResult);
    });
};

async function exportModel(given: string, flags: ExportFlags): Promise<Result> {
  const wanted = wantedOf(given, flags);
  const { modelBytes, make } = isFolder(given)
    ? await textRun(given, wanted, flags)
    : await modelFile(given, wanted, flags);
  const { checkPlace, writeModelFile } = await import('../model-file/write.js');
  for (const { file } of wanted) await checkPlace(file);
  // All are made before one is written: what cannot be expressed leaves nothing behind.
  const files: Exported[] = [];
  for (const { format, file, bytes, remarks } of await make()) {
    const state = await writeModelFile(file, bytes, flags.force, `--${format.name}`);
    files.push({ format: format.name, file, bytes: bytes.length, state, remarks });
  }
  return { model: given, ...(modelBytes === undefined ? {} : { modelBytes }), files };
}

async function modelFile(
  given: string,
  wanted: readonly Wanted[],
  flags: ExportFlags,
): Promise<Source> {
  refuseOptions(flags, ['checkpoint'], `is for runs, and ${given} is a model file`);
  const opened = await openModel(given);
  const made = async (one: Wanted): Promise<Made> => {
    const { format, file } = one;
    return { ...one, bytes: await format.write(opened), remarks: format.next(file, opened) };
  };
  return { modelBytes: opened.size.total, make: () => Promise.all(wanted.map(made)) };
}

/** @throws InputError for a folder that is no run's, for a run of pictures, and for a format that is of model files alone. */
async function textRun(
  folder: string,
  wanted: readonly Wanted[],
  flags: ExportFlags,
): Promise<Source> {
  const { checkpoint = 'last' } = flags;
  checkCheckpoint(checkpoint);
  if ((await loadRecipeOrRun(folder)).language === undefined) {
    throw new InputError(
      `${folder} is a folder of a run of pictures, and export takes its model file (*.bnn); surge-bnn convert ${folder} makes one`,
    );
  }
  const ways = wanted.map((one) => ({ ...one, way: wayOf(one, folder) }));
  return {
    async make() {
      const { loadTextRun } = await import('@surge-bnn/train');
      const run = await loadTextRun(folder, { checkpoint });
      noteUnfinished(processOutput(flags), run);
      try {
        const made: Made[] = [];
        for (const { way, ...one } of ways) {
          made.push({ ...one, bytes: await way.write(run), remarks: way.next(one.file, run) });
        }
        return made;
      } finally {
        run.network.dispose();
      }
    },
  };
}

function wayOf({ format }: Wanted, folder: string) {
  if (format.ofTextRun !== undefined) return format.ofTextRun;
  const able = formats.filter(({ ofTextRun }) => ofTextRun !== undefined);
  throw new InputError(
    `--${format.name} is of model files, and ${folder} is a run of texts; allowed: ${able.map(({ name }) => `--${name}`).join(', ')}`,
  );
}

/** @throws InputError when no format is asked for, or two would write over each other or over the model file. */
function wantedOf(model: string, flags: ExportFlags): readonly Wanted[] {
  const wanted = formats.flatMap((format) => {
    const file = flags[format.name];
    return typeof file === 'string' ? [{ format, file }] : [];
  });
  if (wanted.length === 0) {
    const options = formats.map(({ name }) => `--${name} FILE`).join(', ');
    throw new InputError(`export has nothing to write; say what with ${options}`);
  }
  const taken = new Map([[path.resolve(model), 'the model file itself']]);
  for (const { format, file } of wanted) {
    const place = path.resolve(file);
    const whose = taken.get(place);
    if (whose !== undefined) {
      throw new InputError(`--${format.name} ${file} would write over ${whose}; give another name`);
    }
    taken.set(place, `the file of --${format.name}`);
  }
  return wanted;
}

function formatResult({ model, modelBytes, files }: Result): string {
  return [
    modelBytes === undefined ? model : `${model}: ${count(modelBytes)} B`,
    ...files.flatMap(({ format, file, bytes, state, remarks }) => {
      const verb = state === 'written' ? 'written' : 'as it was: these bytes were there already';
      return [`${format}: ${file} ${verb}, ${count(bytes)} B`, ...remarks.map((one) => `  ${one}`)];
    }),
  ].join('\n');
}
