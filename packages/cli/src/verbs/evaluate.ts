/** `surge-bnn evaluate`: the accuracy of a trained run or of a model file, on all evaluation images. */
import { InputError } from '@surge-bnn/contract';
import type { PictureSet } from '@surge-bnn/data';
import type { RunEvaluation } from '@surge-bnn/train';
import { checkCheckpoint } from '../checkpoint-name.js';
import { evaluatedImages } from '../evaluated-images.js';
import { evaluatePacked, type PackedEvaluation } from '../model-file/evaluate.js';
import {
  namesModelFile,
  openFile,
  type OpenedDetector,
  type OpenedModel,
  type OpenedText,
} from '../model-file/open.js';
import { evaluateWithSheet } from '../detection-sheet.js';
import { evaluationText } from '../evaluation-text.js';
import { configOf, isFolder } from '../network-cost.js';
import { count, figures, percent } from '../terminal/format.js';
import { interruptible } from '../terminal/interrupt.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { countProgress, noteSkipped } from '../terminal/progress.js';
import { noteUnfinished } from '../unfinished.js';
import { refuseOptions, share, wholeNumber, type AddVerb } from '../verb.js';

interface EvaluateFlags extends OutputFlags {
  readonly checkpoint?: string;
  readonly data?: string;
  readonly directory?: string;
  readonly sheet?: string;
  readonly pictures?: number;
  readonly split?: string;
  readonly least?: number;
  readonly force?: boolean;
  readonly list?: string;
}

export const addEvaluate: AddVerb = (program, finish) => {
  program
    .command('evaluate')
    .description('accuracy and loss of a trained run, or of a model file, on its evaluation images')
    .argument('<run|model>', 'a run folder or a model file (*.bnn)')
    .option('--checkpoint <which>', 'of a run: last (default), best or averaged')
    .option('--data <name>', 'for a model file: the test images of this data set')
    .option(
      '--directory <folder>',
      'for a model file: the folder of the data sets, or of your pictures',
    )
    .option(
      '--sheet <file.png>',
      "of a detector's run: pictures with what is there and what is found",
    )
    .option('--pictures <n>', 'how many on the sheet (default: 12)', wholeNumber('--pictures', 1))
    .option(
      '--least <score>',
      'on the sheet, what is found with at least this (default: 0.5)',
      share('--least'),
    )
    .option(
      '--list <name>',
      "of annotated pictures, for a detector's file with --data (default: test)",
    )
    .option(
      '--split <name>',
      "of texts: another file of the run's task; for a text model's file with --data (default: dev)",
    )
    .option('--force', 'replace a file that is there with the sheet')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
A detector is judged by mean average precision, with VOC's and COCO's neighbours of it and each class; --sheet
draws the truth in full lines and what is found in dashed ones. With --json a run's confusion matrix is part of it: a row for each true class, a column for each predicted one.
A model file is evaluated on the images that the recipe in it names, or on those of --data. It runs in the
packed runtime, one image at a time; the time is the median of one image on this machine. A detector's file is
judged on the list that its recipe names, or on --data NAME --list LIST. A text model's file is judged by its task's measure, on the texts
that its recipe names or on those of --data TASK --split SPLIT.

Examples:
  $ surge-bnn evaluate runs/demo/surge --checkpoint best
  $ surge-bnn evaluate runs/demo/surge/model.bnn
  $ surge-bnn evaluate runs/sst2/bit-surge-seed1 --split test-labelled`,
    )
    .action(async (given: string, flags: EvaluateFlags) => {
      finish(await (namesModelFile(given) ? evaluateFile : evaluateFolder)(given, flags));
    });
};

async function evaluateFolder(run: string, flags: EvaluateFlags): Promise<number> {
  const { checkpoint = 'last' } = flags;
  checkCheckpoint(checkpoint);
  if (!isFolder(run)) throw new InputError(`there is no run folder or model file (*.bnn) ${run}`);
  const why = `is for model files; the recipe of ${run} names its images or texts`;
  refuseOptions(flags, ['data', 'directory', 'list'], why);
  if (flags.sheet === undefined) {
    refuseOptions(flags, ['pictures', 'least', 'force'], 'is for the sheet; name one with --sheet');
  }
  configOf(run);
  const { evaluateRun, evaluateSplit } = await import('@surge-bnn/train');
  const output = processOutput(flags);
  const progress = countProgress(output, 'evaluated');
  const options = { checkpoint, onSkip: noteSkipped(output), onProgress: progress.show };
  const { sheet, split, pictures = 12, least = 0.5, force } = flags;
  const evaluate = () => {
    if (sheet !== undefined) {
      refuseOptions(flags, ['split'], 'is for texts, and --sheet for pictures');
      return evaluateWithSheet(run, { file: sheet, pictures, leastScore: least, force }, options);
    }
    return split === undefined ? evaluateRun(run, options) : evaluateSplit(run, split, options);
  };
  const evaluation = await evaluate().finally(progress.close);
  noteUnfinished(output, evaluation);
  print(output, evaluation, formatRun);
  return 0;
}

async function evaluateFile(file: string, flags: EvaluateFlags): Promise<number> {
  refuseOptions(
    flags,
    ['checkpoint', 'sheet', 'pictures', 'least', 'force'],
    `is for runs; ${file} is a model file`,
  );
  const output = processOutput(flags);
  const opened = await openFile(file);
  if ('text' in opened) return evaluateTextOn(opened, flags);
  refuseOptions(flags, ['split'], `is for text models, and ${file} is none`);
  if ('detector' in opened) return evaluateDetectorOn(opened, flags);
  refuseOptions(flags, ['list'], `is for detectors; ${file} is a classifier`);
  const set = await evaluationImages(opened, flags);
  const progress = countProgress(output, 'images');
  const nothing = () => undefined; // to say: nothing is lost
  return interruptible(nothing, async (signal) => {
    const evaluation = await evaluatePacked(opened.model, set, {
      signal,
      onProgress: progress.show,
      onSkip: noteSkipped(output),
    }).finally(progress.close);
    const where = { data: set.name, dataTitle: set.title, split: set.split, sha256: set.sha256 };
    print(output, { ...evaluation, ...where }, (one) => `${formatPacked(one)}\non ${set.title}`);
    return 0;
  });
}

/** Of a detector: what it is judged by, on a list of annotated pictures. */
async function evaluateDetectorOn(opened: OpenedDetector, flags: EvaluateFlags): Promise<number> {
  const { evaluateDetectorFile, formatDetectorEvaluation, pictureList } =
    await import('../model-file/detector-evaluate.js');
  const output = processOutput(flags);
  const { set, metric } = await pictureList(opened, flags);
  const progress = countProgress(output, 'pictures');
  const nothing = () => undefined; // to say: nothing is lost
  return interruptible(nothing, async (signal) => {
    const evaluation = await evaluateDetectorFile(opened, set, {
      metric,
      signal,
      onProgress: progress.show,
    }).finally(progress.close);
    const where = { data: set.name, dataTitle: set.title, list: set.list, sha256: set.sha256 };
    print(output, { ...evaluation, ...where }, (one) => formatDetectorEvaluation(one, set));
    return 0;
  });
}

/** Of a text model: its task's measure, on labelled texts. */
async function evaluateTextOn(opened: OpenedText, flags: EvaluateFlags): Promise<number> {
  refuseOptions(flags, ['list'], `is for detectors; ${opened.file} is a text model`);
  const { evaluateTextFile, formatTextEvaluation, labelledTexts } =
    await import('../model-file/text-evaluate.js');
  const output = processOutput(flags);
  const set = await labelledTexts(opened, flags);
  const progress = countProgress(output, 'texts');
  const nothing = () => undefined; // to say: nothing is lost
  return interruptible(nothing, async (signal) => {
    const options = { signal, onProgress: progress.show };
    const evaluation = await evaluateTextFile(opened, set, options).finally(progress.close);
    const where = { data: set.task, dataTitle: set.title, split: set.split, sha256: set.sha256 };
    print(output, { ...evaluation, ...where }, (one) => formatTextEvaluation(one, set));
    return 0;
  });
}

/** Those of --data, or of the recipe that the file was trained with. */
async function evaluationImages(
  { file, model }: OpenedModel,
  { data, directory }: EvaluateFlags,
): Promise<PictureSet> {
  if (data !== undefined) {
    const { openAt } = await import('../pictures/open-at.js');
    return openAt(data, model.inputShape[0], { split: 'test', directory });
  }
  const { training } = model.metadata;
  if (training === undefined) {
    throw new InputError(`${file} does not say what it was trained on; name images with --data`);
  }
  const { defaultParts, parseRecipe } = await import('@surge-bnn/train');
  const recipe = parseRecipe(training, `the recipe in ${file}`);
  const { evaluation } = await defaultParts.data({
    ...recipe,
    data: { ...recipe.data, directory },
  });
  return evaluation;
}

function formatRun(evaluation: RunEvaluation): string {
  const { images, ...rest } = evaluation;
  const on = evaluatedImages({ evaluationImages: images, ...rest });
  return evaluationText(evaluation, on);
}

function formatPacked(evaluation: PackedEvaluation): string {
  const { correct, images, accuracy, loss } = evaluation;
  const right = `${count(correct)} of ${count(images)} images`;
  return `accuracy ${percent(accuracy)} (${right}), loss ${figures(loss)}, ${evaluation.millisecondsPerImage.toFixed(2)} ms for an image`;
}
