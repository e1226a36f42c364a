/** `surge-bnn predict`: what a model file says to pictures or texts: their classes or scores, or of a detector what it finds in them. */
import { InputError, unknownName } from '@surge-bnn/contract';
import type { PackedModel } from '@surge-bnn/runtime';
import { guessColumns, medianRun, topGuesses, type Guess } from '../model-file/guesses.js';
import { openFile, type OpenedDetector, type OpenedText } from '../model-file/open.js';
import { probabilitiesOf } from '../model-file/probabilities.js';
import { checkPlace, writeModelFile } from '../model-file/write.js';
import type { InvertMode } from '../pictures/fit.js';
import type { Picture } from '../pictures/picture.js';
import { fromDataset, fromFile, fromIdx, type Wanted } from '../pictures/sources.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { formatTable, type Column } from '../terminal/table.js';
import { refuseOptions, seeds, share, wholeNumber, type AddVerb } from '../verb.js';

interface PredictFlags extends OutputFlags {
  readonly idx?: string;
  readonly data?: string;
  readonly split?: string;
  readonly index?: number[];
  readonly invert?: string;
  readonly top?: number;
  readonly out?: string;
  readonly least?: number;
  readonly force?: boolean;
  readonly lines?: string;
}

interface Prediction extends Omit<Picture, 'bytes'> {
  /** The most probable classes, the first of which is the prediction. */
  readonly top: readonly Guess[];
  /** Of one run of the model, without reading the picture. */
  readonly milliseconds: number;
}

/** A model that gives classes to pictures. */
interface Classifier extends Pick<Wanted, 'shape' | 'pixels'> {
  readonly model: PackedModel;
  readonly classes: readonly string[];
}

export const addPredict: AddVerb = (program) => {
  program
    .command('predict')
    .description(
      'the class of pictures or texts, or what is in pictures: PNG and JPEG files, an IDX file, a data set, sentences',
    )
    .argument('<model>', 'a model file (*.bnn)')
    .argument(
      '[inputs...]',
      'image files; of a text model sentences, - for those of standard input',
    )
    .option('--idx <file>', 'pictures of an IDX file, packed or not; needs --index')
    .option('--data <name>', 'pictures of a data set, with their right classes; needs --index')
    .option('--split <name>', 'of the data set: test (default) or train')
    .option('--index <list>', 'which of them, from 0: 3 or 0,7 or 0-9', seeds('--index'))
    .option('--invert <when>', 'turn light and dark: auto (default), yes or no')
    .option('--top <k>', 'how many classes to print (default: 2)', wholeNumber('--top', 1))
    .option(
      '--out <file.png>',
      'of a detector: where the picture with its boxes goes (default: PICTURE.boxes.png)',
    )
    .option(
      '--least <score>',
      'of a detector: what it finds with at least this score (default: 0.5)',
      share('--least'),
    )
    .option(
      '--lines <file>',
      'of a text model: texts of a file, one a line, a tab between those of a pair',
    )
    .option('--force', 'of a detector: replace a picture that is there and is another one')
    .option('--json', 'print JSON and nothing else')
    .addHelpText(
      'after',
      `
An image file becomes what the model takes: grey or colour as the model has it; what is transparent on white
(on black if the drawing is light); the whole picture resized to fit inside the model's size, the rest filled
like its border. Models of digits read light on dark, so with --invert auto a grey picture with a light border
is inverted. Whatever was done is said below the table. A digit is read best when the picture is square and
the digit leaves a margin of about a sixth on each side, as MNIST's do. Pictures of --idx and --data are
taken as they are. The time is that of the model alone, the median of some runs.

A detector takes image files of any size, grey or colour, upright as their EXIF data say, and writes a PNG with its boxes on
them: one for one picture, a sheet for several.

A text model takes one or more sentences, one that reads pairs two; or by --lines a file with one text a line and a tab
between the two of a pair, - being standard input. What is too long for it and was cut off, and words that it
does not know, are told below the table. The time is that of tokenizer and network.

Examples:
  $ surge-bnn predict runs/demo/surge/model.bnn seven.png photo.jpg
  $ surge-bnn predict model.bnn --idx t10k-images-idx3-ubyte.gz --index 0-9
  $ surge-bnn predict model.bnn --data digits --index 5 --top 3
  $ surge-bnn predict detector.bnn street.jpg --least 0.3 --out street.png
  $ surge-bnn predict sst2.bnn "a sentence" --top 1
  $ surge-bnn predict stsb.bnn --lines pairs.tsv --json`,
    )
    .action(async (file: string, pictures: string[], flags: PredictFlags) => {
      const opened = await openFile(file);
      if ('text' in opened) {
        await predictSentences(opened, pictures, flags);
        return;
      }
      refuseOptions(flags, ['lines'], `is for text models, and ${file} is none`);
      if ('detector' in opened) {
        await predictObjects(opened, pictures, flags);
        return;
      }
      refuseOptions(flags, ['out', 'least', 'force'], `is for detectors; ${file} is a classifier`);
      const classifier = asClassifier(opened.model, file);
      const predictions = await predict(classifier, pictures, flags);
      print(processOutput(flags), predictions, formatPredictions);
    });
};

/** Of a detector: a table, and the pictures with their boxes. */
async function predictObjects(
  { file, detector }: OpenedDetector,
  files: readonly string[],
  flags: PredictFlags,
): Promise<void> {
  const own = ['idx', 'data', 'split', 'index', 'invert', 'top'] as const;
  refuseOptions(flags, own, `is for classifiers; ${file} is a detector, which takes image files`);
  const { detectInFiles, formatFound, sheetName } =
    await import('../model-file/detector-predict.js');
  const { least = 0.5, out = sheetName(files), force } = flags;
  await checkPlace(out);
  const { pictures, sheet } = await detectInFiles(detector, files, least);
  await writeModelFile(out, sheet, force);
  const output = processOutput(flags);
  print(output, { pictures, out }, (one) => `${formatFound(one.pictures)}\n\nwrote ${one.out}`);
}

/** Of a text model. */
async function predictSentences(
  { file, text }: OpenedText,
  given: readonly string[],
  flags: PredictFlags,
): Promise<void> {
  const own = ['idx', 'data', 'split', 'index', 'invert', 'out', 'least', 'force'] as const;
  refuseOptions(flags, own, `is for pictures; ${file} is a text model, which takes sentences`);
  if (text.classes === undefined) {
    refuseOptions(flags, ['top'], `is for classes; ${file} says a score`);
  }
  const { formatTextPredictions, predictTexts, textsOf } =
    await import('../model-file/text-predict.js');
  const texts = await textsOf(given, flags.lines, text);
  print(processOutput(flags), predictTexts(text, texts, flags.top ?? 2), formatTextPredictions);
}

async function predict(
  { model, classes, shape, pixels }: Classifier,
  files: readonly string[],
  flags: PredictFlags,
): Promise<Prediction[]> {
  const wanted: Wanted = { shape, pixels, invert: invertMode(flags.invert ?? 'auto') };
  const pictures = await picturesOf(files, flags, wanted);
  medianRun(() => model.run(pictures[0].bytes), 150); // until the compiler has done its work
  return pictures.map(({ bytes, ...picture }) => {
    const { result: outputs, milliseconds } = medianRun(() => model.run(bytes), 20);
    const top = topGuesses(probabilitiesOf(model, outputs), classes, flags.top ?? 2);
    return { ...picture, top, milliseconds };
  });
}

/** @throws InputError unless exactly one of the three ways is used. */
async function picturesOf(
  files: readonly string[],
  { idx, data, split = 'test', index }: PredictFlags,
  wanted: Wanted,
): Promise<Picture[]> {
  const ways = [files.length > 0, idx !== undefined, data !== undefined].filter(Boolean).length;
  if (ways !== 1) {
    throw new InputError(
      `predict takes ${ways === 0 ? 'pictures' : 'one of these alone'}: image files, --idx FILE --index N, or --data NAME --index N`,
    );
  }
  if (files.length > 0) {
    if (index !== undefined) throw new InputError('--index needs --idx FILE or --data NAME');
    return Promise.all(files.map((file) => fromFile(file, wanted)));
  }
  if (index === undefined) {
    throw new InputError(`--${idx === undefined ? 'data' : 'idx'} needs --index, e.g. --index 0-9`);
  }
  if (idx !== undefined) return fromIdx(idx, index, wanted);
  return fromDataset(data ?? '', split, index, wanted);
}

/** @throws InputError for a model file that does not read pictures, or does not say what its outputs mean. */
function asClassifier(model: PackedModel, file: string): Classifier {
  const { classes, inputShape, outputShape, pixels } = model;
  const lacks = (what: string) =>
    new InputError(`${file} has no ${what}; convert it with both to predict with it`);
  if (pixels === undefined) {
    throw lacks('"pixels": it does not say how the bytes of a picture become its inputs');
  }
  if (classes === undefined) {
    throw lacks('"classes": it does not say what its outputs stand for');
  }
  const [height, width, channels] = inputShape;
  if (inputShape.length !== 3 || outputShape.length !== 1) {
    throw new InputError(
      `${file} makes [${outputShape.join(', ')}] of [${inputShape.join(', ')}]; predict needs a model that makes [classes] of [height, width, channels]`,
    );
  }
  return { model, classes, shape: [height, width, channels], pixels };
}

function invertMode(given: string): InvertMode {
  const modes = ['auto', 'yes', 'no'] as const;
  const mode = modes.find((one) => one === given);
  if (mode === undefined) throw unknownName('--invert', given, modes);
  return mode;
}

function formatPredictions(predictions: readonly Prediction[]): string {
  const label: Column<Prediction>[] = predictions.some((p) => p.label !== undefined)
    ? [{ title: 'right', value: (p) => p.label ?? '', align: 'left' }]
    : [];
  const table = formatTable<Prediction>(
    [
      { title: 'picture', value: (p) => p.name, align: 'left' },
      ...label,
      ...guessColumns<Prediction>(),
      { title: 'time', value: (p) => `${p.milliseconds.toFixed(2)} ms` },
    ],
    predictions,
  );
  const remarks = predictions
    .filter((p) => p.remarks.length > 0)
    .map((p) => `${p.name}: ${p.remarks.join('; ')}`);
  return [table, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}
