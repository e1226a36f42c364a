/** `surge-bnn convert`: a trained network becomes a file of packed bits, with the proof that both compute the same. */
import path from 'node:path';
import type {
  ConversionReport,
  FloatWeights,
  FormOptions,
  ImportedWeight,
  ImportReport,
  TableForm,
} from '@surge-bnn/converter';
import { InputError, unknownName } from '@surge-bnn/contract';
import type { LoadedDetector, LoadedRun, LoadedText } from '@surge-bnn/train';
import type { ChannelStatistics } from '@surge-bnn/data';
import { checkCheckpoint } from '../checkpoint-name.js';
import type { DetectorRunConversionOptions } from '../model-file/detector-convert.js';
import { agreementLines, formatFates, sizeLines } from '../model-file/tables.js';
import type { TextRunConversionOptions } from '../model-file/text-convert.js';
import { isFolder, loadRecipeOrRun } from '../network-cost.js';
import { interruptible } from '../terminal/interrupt.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { countProgress, noteSkipped } from '../terminal/progress.js';
import { formatTable } from '../terminal/table.js';
import {
  collect,
  decimal,
  list,
  numbers,
  refuseOptions,
  wholeNumber,
  type AddVerb,
} from '../verb.js';
import { noteUnfinished } from '../unfinished.js';

interface ConvertFlags extends OutputFlags {
  readonly out?: string;
  readonly force?: boolean;
  readonly float16?: boolean;
  readonly int8?: boolean;
  readonly int8Weights?: boolean;
  readonly layerWeights: string[];
  readonly calibrate?: number;
  readonly percentile?: number;
  readonly merge?: boolean;
  readonly compact?: boolean;
  readonly allowFloat?: string[];
  readonly images?: number;
  readonly checkpoint?: string;
  readonly reestimate?: boolean;
  readonly network?: string;
  readonly data?: string;
  readonly directory?: string;
  readonly set: string[];
  readonly binarizer?: string;
  readonly mean?: number[];
  readonly std?: number[];
  readonly rename: string[];
  readonly prefix?: string;
  readonly ignore?: string[];
  readonly epsilon?: number;
  readonly tables?: TableForm;
  readonly keepPieces?: boolean;
}

/** What the verb prints, and with --json all of it. */
interface Result extends ConversionReport {
  readonly file: string;
  readonly state: 'written' | 'unchanged';
  readonly imported?: ImportReport;
  readonly normalization?: ChannelStatistics;
  readonly normalizationIsGiven?: boolean;
}

/** Options that say nothing about a run, which knows them itself, and those that only a run has. */
const importOnly = [
  ...(['network', 'data', 'binarizer', 'mean', 'std', 'prefix', 'ignore', 'epsilon'] as const),
  ...(['directory', 'set', 'rename'] as const),
] as const;
const runOnly = ['checkpoint', 'reestimate'] as const;

export const addConvert: AddVerb = (program, finish) => {
  program
    .command('convert')
    .description('make a model file of packed bits from a run, and prove that it computes the same')
    .argument('<run|weights>', 'a run folder, or a safetensors file of weights from PyTorch')
    .option('--out <file>', 'the model file (default: RUN/model.bnn, or beside the weights)')
    .option('--force', 'replace a file that holds something else')
    .option('--checkpoint <which>', 'of the run: last (default), best or averaged')
    .option('--reestimate', 'average batch norm anew over the training images first')
    .option('--float16', 'store the kernels of float layers as float16')
    .option('--int8', 'store them as int8, and sum integers: inputs of these layers are int8, too')
    .option('--int8-weights', 'store them as int8, and sum floats')
    .option(
      '--layer-weights <layer=form>',
      'of one float layer: f32, f16, i8 or i8-weights',
      collect,
      [],
    )
    .option(
      '--calibrate <n>',
      'int8: training images that tell how large inputs get (default: 500)',
      wholeNumber('--calibrate', 1),
    )
    .option(
      '--percentile <p>',
      'int8: cut off what p per cent of the inputs do not exceed (default: 100, nothing)',
      decimal('--percentile', 0),
    )
    .option('--merge', 'merge batch norms into their neighbours where last bits change, too')
    .option('--compact', 'compress the header; readers of version 1 cannot read the file')
    .option(
      '--tables <form>',
      'of a text model: vectors of pieces as f32, f16 (default) or i8',
      tableForm,
    )
    .option('--keep-pieces', "of a text model: only vectors of pieces that the run's texts use")
    .option('--allow-float <list>', 'binary layers that may stay in float', list('--allow-float'))
    .option(
      '--images <n>',
      'images or texts for the proof (default: all of the evaluation)',
      wholeNumber('--images', 1),
    )
    .option('--network <name>', 'weights: the network that they belong to, e.g. digits-cnn')
    .option('--set <key=value>', 'weights: an option of the network, e.g. width=32', collect, [])
    .option('--data <name>', 'weights: the data set whose test images the proof takes')
    .option('--directory <folder>', 'weights: the folder of the data sets, or of your pictures')
    .option('--binarizer <name>', 'weights: a method of `surge-bnn methods` (default: ste)')
    .option('--mean <list>', 'weights: pixels became (byte / 255 - mean) / std', numbers('--mean'))
    .option('--std <list>', 'weights: see --mean', numbers('--std'))
    .option('--rename <module=layer>', 'weights: a module with another name here', collect, [])
    .option('--prefix <text>', 'weights: what all names in the file begin with')
    .option('--ignore <list>', 'weights: tensors or modules to leave out', list('--ignore'))
    .option('--epsilon <x>', 'weights: epsilon of the batch norms', decimal('--epsilon', 0))
    .option('--json', 'print the report as JSON and nothing else')
    .option('--quiet', 'print the result only')
    .addHelpText(
      'after',
      `
The packed model is loaded from its own bytes and runs beside the trained network on the evaluation images.
If one output differs in one bit, no file is written. A layer declared binary that cannot be packed is an
error that names it, unless --allow-float names it, too. Batch norm and the sign behind it become integer
thresholds. The same run gives the same bytes; the file holds the recipe, hashes of weights and images, and
the agreement.

--float16, --int8 and --int8-weights make float layers (stem, classifier) smaller by rounding; the file is then proven
against the trained network rounded in the same way, and every prediction that the rounding changed is listed with its
margin. --int8 takes training images to see how large the inputs of these layers get. --merge is listed so, too.

A detector's run becomes one file, whose proof is every box, score and class of the evaluation's pictures, bit for
bit; --merge, --reestimate, --int8, --calibrate and --percentile are for classifiers.

A text model's run becomes one file with its tokenizer, whose proof is every logit of the evaluation's texts, bit for bit. Its vectors of
pieces are most of the file: --tables i8 halves them again, --keep-pieces leaves those out that no text of the run needs, whose
pieces then are unknown. What that changed is listed with its margin. The options for pictures and batch norm are not for it.

Weights that PyTorch trained keep their names (\`conv1.weight\`); --network builds the same architecture and
is filled with them. docs/import.md says what must agree.

Examples:
  $ surge-bnn convert runs/demo/surge
  $ surge-bnn convert runs/a --checkpoint best --reestimate --out digits.bnn
  $ surge-bnn convert runs/a --int8 --layer-weights stem=f16 --compact --out small.bnn
  $ surge-bnn convert runs/sst2/bit-surge-seed1 --tables i8 --out sst2.bnn
  $ surge-bnn convert digits.safetensors --network digits-cnn --set width=32 --data digits --mean 0.5 --std 0.5`,
    )
    .action(async (given: string, flags: ConvertFlags) => {
      finish(await convert(given, flags));
    });
};

async function convert(given: string, flags: ConvertFlags): Promise<number> {
  const output = processOutput(flags);
  const fromRun = isFolder(given);
  const out = flags.out ?? defaultFile(given, fromRun);
  if (fromRun) {
    const why = `is for files of weights; ${given} is a run folder, whose recipe says it`;
    refuseOptions(flags, importOnly, why);
  } else {
    refuseOptions(flags, runOnly, `is for run folders, and ${given} is none`);
  }
  const forms = formFlags(flags);
  const progress = countProgress(output, 'proof');
  const announce = () => {
    output.note('Stopping; no file is written.');
  };
  return interruptible(announce, async (signal) => {
    output.note(`packing ${given}, then running it beside the trained network`);
    const { checkPlace, writeModelFile } = await import('../model-file/write.js');
    await checkPlace(out);
    const kind = fromRun ? await kindOfRun(given) : 'weights';
    if (kind === 'text') {
      const { bytes, report } = await convertTextFolder(given, flags, {
        forms,
        signal,
        onProgress: progress.show,
      }).finally(progress.close);
      signal.throwIfAborted();
      const state = await writeModelFile(out, bytes, flags.force);
      const { formatTextConversion } = await import('../model-file/text-convert.js');
      print(output, { file: out, state, ...report }, formatTextConversion);
      return 0;
    }
    refuseOptions(flags, ['tables', 'keepPieces'], `is for text models, and ${given} has none`);
    if (kind === 'detector') {
      const { bytes, report } = await convertDetectorFolder(given, flags, {
        forms,
        signal,
        onProgress: progress.show,
      }).finally(progress.close);
      signal.throwIfAborted();
      const state = await writeModelFile(out, bytes, flags.force);
      const { formatDetectorConversion } = await import('../model-file/detector-convert.js');
      print(output, { file: out, state, ...report }, formatDetectorConversion);
      return 0;
    }
    const conversion = await (fromRun ? convertFolder : convertWeights)(given, flags, {
      ...forms,
      merge: flags.merge,
      compact: flags.compact,
      calibrationImages: flags.calibrate,
      percentile: flags.percentile,
      allowFloat: flags.allowFloat,
      images: flags.images,
      signal,
      onProgress: progress.show,
      onSkip: noteSkipped(output),
    }).finally(progress.close);
    signal.throwIfAborted();
    const { bytes, report, ...rest } = conversion;
    const state = await writeModelFile(out, bytes, flags.force);
    print<Result>(output, { file: out, state, ...report, ...rest }, formatResult);
    return 0;
  });
}

/** @throws InputError for flags that contradict each other, and for a calibration of nothing. */
function formFlags(flags: ConvertFlags): FormOptions {
  const { float16, int8, int8Weights, layerWeights: pairs, calibrate, percentile } = flags;
  const given = [
    { flag: '--float16', isGiven: float16, form: 'f16' },
    { flag: '--int8', isGiven: int8, form: 'i8' },
    { flag: '--int8-weights', isGiven: int8Weights, form: 'i8-weights' },
  ] as const;
  const chosen = given.filter(({ isGiven }) => isGiven);
  if (chosen.length > 1) {
    const names = chosen.map(({ flag }) => flag).join(' and ');
    throw new InputError(
      `${names} contradict each other; --layer-weights gives single layers another form`,
    );
  }
  const floatWeights = chosen.at(0)?.form ?? 'f32';
  const layerWeights = Object.fromEntries(pairs.map(parseLayerWeights));
  const isInteger = floatWeights === 'i8' || Object.values(layerWeights).includes('i8');
  if (!isInteger && (calibrate !== undefined || percentile !== undefined)) {
    const flag = calibrate === undefined ? '--percentile' : '--calibrate';
    throw new InputError(`${flag} is for layers of int8; add --int8 or --layer-weights LAYER=i8`);
  }
  return { floatWeights, layerWeights };
}

const floatWeightForms: readonly FloatWeights[] = ['f32', 'f16', 'i8', 'i8-weights'];

/** "stem=f16"; whether there is such a layer, the converter checks. */
function parseLayerWeights(text: string): [layer: string, form: FloatWeights] {
  const at = text.lastIndexOf('=');
  const form = floatWeightForms.find((one) => one === text.slice(at + 1));
  if (at > 0 && form !== undefined) return [text.slice(0, at), form];
  throw new InputError(
    `--layer-weights needs LAYER=FORM with the form ${floatWeightForms.join(', ')}, got "${text}"`,
  );
}

type Common = import('../model-file/convert-run.js').ConversionOptions;

async function convertFolder(run: string, flags: ConvertFlags, common: Common) {
  const { checkpoint = 'last', reestimate } = flags;
  checkCheckpoint(checkpoint);
  const { convertRun } = await import('../model-file/convert-run.js');
  const output = processOutput(flags);
  const advice = reestimate ? '' : '; resume it first, or take --reestimate';
  const onLoaded = (loaded: LoadedRun) => {
    noteUnfinished(output, loaded, advice);
  };
  return convertRun(run, { ...common, checkpoint, reestimate, onLoaded });
}

async function kindOfRun(run: string): Promise<'classifier' | 'detector' | 'text'> {
  const { detection, language } = await loadRecipeOrRun(run);
  if (language !== undefined) return 'text';
  return detection === undefined ? 'classifier' : 'detector';
}

const tableForms: readonly TableForm[] = ['f32', 'f16', 'i8'];

function tableForm(text: string): TableForm {
  const form = tableForms.find((one) => one === text);
  if (form !== undefined) return form;
  throw unknownName('--tables', text, tableForms);
}

async function convertTextFolder(
  run: string,
  flags: ConvertFlags,
  common: Pick<TextRunConversionOptions, 'forms' | 'signal' | 'onProgress'>,
) {
  const { checkpoint = 'last', images: texts, compact, allowFloat, tables, keepPieces } = flags;
  checkCheckpoint(checkpoint);
  refuseOptions(
    flags,
    ['merge', 'reestimate', 'calibrate', 'percentile'],
    `is for classifiers of pictures, and the run in ${run} is of texts`,
  );
  const { convertTextRun } = await import('../model-file/text-convert.js');
  const output = processOutput(flags);
  const onLoaded = (loaded: LoadedText) => {
    noteUnfinished(output, loaded, '; resume it first');
  };
  const options = { checkpoint, texts, compact, allowFloat, tables, keepPieces, onLoaded };
  return convertTextRun(run, { ...common, ...options });
}

async function convertDetectorFolder(
  run: string,
  flags: ConvertFlags,
  common: Pick<DetectorRunConversionOptions, 'forms' | 'signal' | 'onProgress'>,
) {
  const { checkpoint = 'last', images, compact, allowFloat } = flags;
  checkCheckpoint(checkpoint);
  refuseOptions(
    flags,
    ['merge', 'reestimate', 'calibrate', 'percentile'],
    `is for classifiers, and the run in ${run} is a detector's`,
  );
  const { convertDetectorRun } = await import('../model-file/detector-convert.js');
  const output = processOutput(flags);
  const onLoaded = (loaded: LoadedDetector) => {
    noteUnfinished(output, loaded, '; resume it first');
  };
  return convertDetectorRun(run, { ...common, checkpoint, images, compact, allowFloat, onLoaded });
}

async function convertWeights(file: string, flags: ConvertFlags, common: Common) {
  const { network, data } = flags;
  if (network === undefined || data === undefined) {
    throw new InputError(
      `${file} is no run folder; to convert a file of weights, add --network NAME (its architecture) and --data NAME (images for the proof)`,
    );
  }
  const { convertImport } = await import('../model-file/convert-import.js');
  const { layerWeights } = common; // parsed; the flag is a list of texts
  return convertImport(file, { ...flags, ...common, layerWeights, network, data });
}

function defaultFile(given: string, fromRun: boolean): string {
  if (fromRun) return path.join(given, 'model.bnn');
  return path.join(path.dirname(given), `${path.basename(given, path.extname(given))}.bnn`);
}

function formatResult({ file, state, imported, normalization, ...report }: Result): string {
  const lines = [formatFates(report.layers), '', ...sizeLines(report)];
  lines.push(...agreementLines(report.agreement));
  if (report.reestimatedOn > 0) {
    lines.push(`batch norm           averaged anew over ${report.reestimatedOn} training batches`);
  }
  if (imported !== undefined && normalization !== undefined) {
    const { mean, std } = normalization;
    const whose = report.normalizationIsGiven
      ? ''
      : ', from the training images; --mean and --std say what the trainer used';
    lines.push(
      `pixels               (byte / 255 - ${mean.join(', ')}) / ${std.join(', ')}${whose}`,
      ...imported.remarks.map((remark) => `remark               ${remark}`),
    );
    lines.unshift(formatImport(imported), '');
  }
  const verb = state === 'written' ? 'written' : 'as it was: these bytes were there already';
  const images = imported === undefined ? '' : ' --data NAME';
  lines.push('', `${file} ${verb}`, `its accuracy: surge-bnn evaluate ${file}${images}`);
  return lines.join('\n');
}

function formatImport({ weights, ignored }: ImportReport): string {
  const table = formatTable<ImportedWeight>(
    [
      { title: 'tensor', value: (w) => w.tensor, align: 'left' },
      { title: 'type', value: (w) => w.dtype, align: 'left' },
      { title: 'became', value: (w) => `${w.layer}/${w.weight}`, align: 'left' },
      { title: 'shape', value: (w) => w.shape.join('x'), align: 'left' },
      { title: 'change', value: (w) => w.change, align: 'left' },
    ],
    weights,
  );
  return ignored.length === 0 ? table : `${table}\nnot needed: ${ignored.join(', ')}`;
}
