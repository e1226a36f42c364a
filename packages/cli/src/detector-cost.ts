/** The detector of a recipe, built only to be counted. */
import type { Recipe } from '@surge-bnn/train';
import type { RecipeCost } from './network-cost.js';

/**
 * Layer by layer as of a classifier; those of the head count for a single region.
 *
 * @throws InputError for a set whose classes are not known and cannot be read, and as the detector itself.
 */
export async function detectorCost(
  recipe: Recipe & { readonly detection: NonNullable<Recipe['detection']> },
): Promise<RecipeCost> {
  const [core, converter, engine, runtime, train] = await Promise.all([
    import('@surge-bnn/core'),
    import('@surge-bnn/converter'),
    import('@surge-bnn/engine'),
    import('@surge-bnn/runtime'),
    import('@surge-bnn/train'),
  ]);
  const { detection: spec, seed } = recipe;
  const classes = await classesOf(recipe);
  await engine.useEngine({ backend: 'cpu' });
  const detector = train.recipeDetector(recipe, spec, classes.length);
  try {
    // As at the end of the training, when a method's real weights have become signs.
    core.setProgress(detector.model, 1);
    const compensator = train.surgeOptions(recipe);
    if (compensator !== undefined) {
      core.attachCompensator(detector.model, core.surge(compensator), { seed });
    }
    const cost = core.summarize(detector.model);
    // Pictures, and with two stages regions.
    const remark =
      detector.model.inputs.length === 1
        ? undefined
        : 'layers of the head are counted for one region; detection looks at as many as it has proposals';
    if (detector.shipping === undefined) return { ...cost, remark };
    const { source } = converter.packDetector(detector, {
      classes,
      size: train.testSize(spec),
      pixels: spec.normalization,
    });
    const file = runtime.detectorFileSize(source);
    const compact = runtime.detectorFileSize(source, { compact: true });
    return { ...cost, file, compact, remark };
  } finally {
    detector.dispose();
  }
}

/** Published sets say how many there are; a folder of the user's own has to be read. */
async function classesOf({ data, detection }: Recipe): Promise<readonly string[]> {
  if (detection?.classes !== undefined) return detection.classes;
  const { describeDetection, openDetection } = await import('@surge-bnn/data');
  const known = describeDetection().find(({ name }) => name === data.name);
  if (known !== undefined) return Array.from({ length: known.classes }, (_, i) => `class ${i}`);
  const { directory } = data;
  const list = detection?.train ?? '';
  return (await openDetection(data.name, { directory, list })).classes;
}
