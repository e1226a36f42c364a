/** From a detector's run folder to a packed detector, with the evaluation's pictures as its proof. */
import { InputError } from '@surge-bnn/contract';
import { convertDetector } from '@surge-bnn/converter';
import type { DetectorConversion, FormOptions } from '@surge-bnn/converter';
import type { DetectionBatch } from '@surge-bnn/data';
import { evaluationLoader, loadDetectorRun, testSize } from '@surge-bnn/train';
import type { LoadedDetector } from '@surge-bnn/train';
import { count, figures } from '../terminal/format.js';
import { formatFates, sizeLines } from './tables.js';
import { provenanceOf, trainingOf } from './convert-run.js';
import type { RunConversionOptions } from './convert-run.js';

export interface DetectorRunConversionOptions extends Pick<
  RunConversionOptions,
  'checkpoint' | 'images' | 'compact' | 'allowFloat' | 'signal' | 'onProgress'
> {
  readonly forms: FormOptions;
  /** Sees the run before it is packed. */
  readonly onLoaded?: (run: LoadedDetector) => void;
}

/**
 * Converts the detector of a run. The same run and options give the same bytes.
 *
 * @throws InputError when there is no run, or a layer cannot be packed, or not as it is asked; DisagreementError when the proof fails.
 */
export async function convertDetectorRun(
  folder: string,
  options: DetectorRunConversionOptions,
): Promise<DetectorConversion> {
  const { checkpoint = 'last', signal, compact, allowFloat, onProgress } = options;
  const run = await loadDetectorRun(folder, { checkpoint });
  options.onLoaded?.(run);
  const { data, detector, spec } = run;
  const { evaluation, evaluatedOn } = data;
  const images = Math.min(options.images ?? evaluation.count, evaluation.count);
  const what = evaluatedOn === 'test' ? 'test pictures' : evaluatedOn;
  try {
    return await convertDetector(detector, {
      ...packedForms(options.forms),
      inputs: pictures(run, images),
      inputsAre: (count) => `${count} ${what} of ${evaluation.title}`,
      pixels: spec.normalization,
      classes: evaluation.classes,
      size: testSize(spec),
      training: trainingOf(run),
      provenance: await provenanceOf(folder, checkpoint, { ...run, model: detector.model }),
      compact,
      allowFloat,
      signal,
      onProgress: (done) => onProgress?.(done, images),
    });
  } finally {
    detector.dispose();
  }
}

/** Integers need a calibration, which there is for classifiers alone. */
function packedForms({ floatWeights, layerWeights = {} }: FormOptions) {
  const layers = Object.entries(layerWeights).map(([layer, form]) => [layer, notInteger(form)]);
  return {
    floatWeights: floatWeights === undefined ? undefined : notInteger(floatWeights),
    layerWeights: Object.fromEntries(layers) as Record<string, ReturnType<typeof notInteger>>,
  };
}

function notInteger(form: NonNullable<FormOptions['floatWeights']>) {
  if (form !== 'i8') return form;
  throw new InputError(
    'a detector has no layers of int8 arithmetic; take --int8-weights or --float16',
  );
}

/** The first pictures of the evaluation, prepared as it prepares them. */
async function* pictures(
  { data, detector, spec }: LoadedDetector,
  count: number,
): AsyncGenerator<DetectionBatch> {
  const prepared = { size: testSize(spec), normalization: spec.normalization };
  const loader = evaluationLoader(data.evaluation, prepared, detector.multiple, { atOnce: 1 });
  try {
    let done = 0;
    for await (const batch of loader.epoch(0)) {
      yield batch;
      done += batch.count;
      if (done >= count) return;
    }
  } finally {
    await loader.close();
  }
}

/** What the verb prints, and with --json all of it. */
type DetectorResult = DetectorConversion['report'] & {
  readonly file: string;
  readonly state: 'written' | 'unchanged';
};

export function formatDetectorConversion({
  file,
  state,
  layers,
  agreement,
  ...sizes
}: DetectorResult): string {
  const { inputs, inputsAre, equalOutputs, boxes, rounding } = agreement;
  const lines = [
    formatFates(layers),
    '',
    ...sizeLines(sizes),
    `agreement            ${count(boxes)} boxes in ${count(equalOutputs)} of ${count(inputs)} pictures equal bit for bit, with their scores and classes (${inputsAre})`,
  ];
  if (rounding !== undefined) {
    const { of, differentPictures, largestScoreDifference, largestBoxDifference } = rounding;
    const rest =
      differentPictures.length === inputs
        ? ''
        : `; in the rest scores differ by at most ${figures(largestScoreDifference)}, corners by ${figures(largestBoxDifference)} pixels`;
    lines.push(
      `as trained           ${of.join(', ')}: other boxes in ${count(differentPictures.length)} of ${count(inputs)} pictures${rest}`,
    );
  }
  const verb = state === 'written' ? 'written' : 'as it was: these bytes were there already';
  return [...lines, '', `${file} ${verb}`, `what it sees: surge-bnn predict ${file} PICTURE`].join(
    '\n',
  );
}
