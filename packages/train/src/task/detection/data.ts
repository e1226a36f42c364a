/** The annotated pictures of a recipe: what is trained on, and what is judged on. */
import { InputError } from '@surge-bnn/contract';
import { openDetection, pickDetection, randomStream } from '@surge-bnn/data';
import type { DetectionSet } from '@surge-bnn/data';
import type { Recipe } from '../../recipe/schema.js';
import type { DetectionData } from './detection.js';

/**
 * Pictures that are held out (`data.holdOut`) are drawn from the training list, once and for all, whatever they show; `data.trainLimit` draws
 * from the rest.
 *
 * @throws InputError for a set or list that is not there, lists of other classes, and a half without a picture or an object.
 */
export async function annotatedPictures({ data, detection }: Recipe): Promise<DetectionData> {
  if (detection === undefined) throw new Error('annotated pictures are for recipes of detection');
  const { name, directory, holdOut, trainLimit } = data;
  const { classes } = detection;
  const open = (list: string) => openDetection(name, { directory, list, classes });
  const whole = await open(detection.train);
  if (holdOut === undefined) {
    const evaluation = await open(detection.test);
    checkSameClasses(whole, evaluation);
    return checked({ train: limited(whole, trainLimit), evaluation, evaluatedOn: 'test' });
  }
  const order = randomStream(0, 'hold-out').permutation(whole.count);
  const held = Math.max(1, Math.round(holdOut * whole.count));
  if (held >= whole.count) {
    throw new InputError(
      `data.holdOut ${holdOut} of the ${whole.count} picture(s) of the list "${whole.list}" leaves none to train on`,
    );
  }
  return checked({
    train: limited(picked(whole, order.subarray(held)), trainLimit),
    evaluation: picked(whole, order.subarray(0, held)),
    evaluatedOn: 'held-out training images',
  });
}

/** Classes of a user's own folder are those that a list names. */
function checkSameClasses(train: DetectionSet, evaluation: DetectionSet): void {
  if (train.classes.join('\n') === evaluation.classes.join('\n')) return;
  throw new InputError(
    `the lists of ${train.title} name other classes: "${train.list}" has ${train.classes.join(', ')}, "${evaluation.list}" has ${evaluation.classes.join(', ')}; name them all in detection.classes`,
  );
}

/** Now, and not at the first evaluation. */
function checked(data: DetectionData): DetectionData {
  for (const { list, title, columns } of [data.train, data.evaluation]) {
    const { difficult, crowd } = columns;
    if (difficult.some((flag, i) => flag === 0 && crowd[i] === 0)) continue;
    throw new InputError(
      `the list "${list}" of ${title} shows no object that counts, so there is nothing to learn from or to be judged by`,
    );
  }
  return data;
}

function limited(set: DetectionSet, count: number | undefined): DetectionSet {
  if (count === undefined || count >= set.count) return set;
  return picked(set, randomStream(0, 'train-limit').permutation(set.count).subarray(0, count));
}

/** In the set's own order. */
function picked(set: DetectionSet, indices: Uint32Array | Int32Array): DetectionSet {
  return pickDetection(
    set,
    [...indices].sort((a, b) => a - b),
  );
}
