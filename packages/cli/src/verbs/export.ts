/** `surge-bnn export`: a model file in formats that others read. */
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import type { ExportFormat } from '../export/format.js';
import { formats } from '../export/formats.js';
import { openModel } from '../model-file/open.js';
import { isFolder } from '../network-cost.js';
import { count } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import type { AddVerb } from '../verb.js';

/** By the formats' names, the files that are wanted. */
type ExportFlags = OutputFlags & { readonly force?: boolean } & Readonly<Record<string, unknown>>;

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

interface Result {
  readonly model: string;
  readonly modelBytes: number;
  readonly files: readonly Exported[];
}

export const addExport: AddVerb = (program) => {
  const command = program
    .command('export')
    .description('a model file in formats that others read')
    .argument('<model>', 'a model file (*.bnn)');
  for (const { name, description } of formats) command.option(`--${name} <file>`, description);
  command
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
  if (isFolder(given)) {
    throw new InputError(
      `${given} is a folder, and export takes a model file (*.bnn); of a run folder, surge-bnn convert ${given} makes one`,
    );
  }
  const opened = await openModel(given);
  const { checkPlace, writeModelFile } = await import('../model-file/write.js');
  for (const { file } of wanted) await checkPlace(file);
  // All are made before one is written: what cannot be expressed leaves nothing behind.
  const made = await Promise.all(
    wanted.map(async (one) => ({ ...one, bytes: await one.format.write(opened) })),
  );
  const files: Exported[] = [];
  for (const { format, file, bytes } of made) {
    const state = await writeModelFile(file, bytes, flags.force, `--${format.name}`);
    const remarks = format.next(file, opened);
    files.push({ format: format.name, file, bytes: bytes.length, state, remarks });
  }
  return { model: given, modelBytes: opened.size.total, files };
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
    `${model}: ${count(modelBytes)} B`,
    ...files.flatMap(({ format, file, bytes, state, remarks }) => {
      const verb = state === 'written' ? 'written' : 'as it was: these bytes were there already';
      return [`${format}: ${file} ${verb}, ${count(bytes)} B`, ...remarks.map((one) => `  ${one}`)];
    }),
  ].join('\n');
}
