/**
 * What a stage of a run takes from the engine, found by trying: a copy of it, with the network, the teacher and the optimizer of the
 * recipe, makes a few steps and evaluations on two and on three made-up pictures while the engine logs. Then the copy is thrown away.
 *
 * It knows nothing of the real run: weights, statistics and counters are its own, and every random stream is derived from the seed and
 * a purpose, so drawing from one leaves no trace in another. Learning rates are 0, so its weights stay what they were.
 */
import { randomStream } from '@surge-bnn/data';
import type { AllocationEvent, AllocationLog } from '@surge-bnn/engine';
import { reestimateBatchNorm } from '@surge-bnn/core';
import type { Model } from '@surge-bnn/core';
import { compensate } from '../build-network.js';
import { evaluateBatch } from '../evaluate.js';
import { Tally } from '../evaluation/tally.js';
import { imageBatches, imageTensor } from '../gradients.js';
import type { PlainBatch, TrainingBatch } from '../gradients.js';
import type { RunContext } from '../open-stage.js';
import { defaultEta } from '../recipe/schema.js';
import type { Recipe } from '../recipe/schema.js';
import { Session } from '../session.js';
import type { PlannedStage } from '../stage-plan.js';
import { teachClassifier } from '../task/classification.js';
import type { Classification } from '../task/classification.js';
import { nextTurn } from '../turn.js';
import type { RunOptions } from '../types.js';
import { scratchRequests } from './scratch.js';
import type { ScratchRequests } from './scratch.js';
import { LinearTrace, sameTrace } from './trace.js';

/** What of a run is known before its first stage is opened. */
export type PlanContext = Pick<RunContext, 'recipe' | 'parts' | 'engine' | 'dataHash' | 'plan'> & {
  readonly task: Classification;
  readonly options: Pick<RunOptions, 'signal'>;
};

/** What a stage takes. The lists have more than one trace where the method computes otherwise at the end of the training. */
export interface StageTraces {
  /** All that trying it took: its blocks stay in the heap. */
  readonly tried: readonly (readonly AllocationEvent[])[];
  /** Network, teacher, optimizer states and averages: what they leave stays. */
  readonly opening: readonly (readonly AllocationEvent[])[];
  /** An optimizer step, as a function of the pictures in a micro-batch. */
  readonly steps: readonly LinearTrace[];
  /** As a function of the pictures that are evaluated at once. */
  readonly evaluations: readonly LinearTrace[];
  /** Batch norm's statistics anew, as a function of the batch; empty where the recipe does not ask for it. */
  readonly reestimations: readonly LinearTrace[];
  readonly scratch: ScratchRequests;
  /** Bytes of the largest tensor that stays. */
  readonly largestWeights: number;
}

/** Not 1: what is 1 along an axis broadcasts, and takes another way. */
const few = 2;
/** The copy's whole training has so many steps, of which the first and the last are made. */
const steps = 1000;
const lastStep = steps - 1;

/**
 * The traces; undefined where those of two batch sizes do not match.
 *
 * @throws InputError as the training itself would; the signal's reason when it is aborted.
 */
export async function probeStage(
  context: PlanContext,
  planned: PlannedStage,
  log: AllocationLog,
): Promise<StageTraces | undefined> {
  log.cut();
  const copy = await openCopy(context, planned);
  try {
    return await new Probe(context, copy, log).run();
  } finally {
    copy.session.dispose();
    copy.teacher?.dispose();
  }
}

interface Copy {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly teacher: Model | undefined;
  readonly session: Session;
  readonly trainingBatch: (batch: PlainBatch) => TrainingBatch;
}

/** The recipe with everything switched on that it can come to. */
function probeRecipe(recipe: Recipe): Recipe {
  const { compensator, averaging, clip } = recipe;
  // A schedule of eta may pass through 0, where the branch is left out.
  const scheduled = typeof compensator === 'object' && typeof compensator.eta === 'object';
  return {
    ...recipe,
    epochs: steps,
    schedule: 0,
    compensator: scheduled ? { ...compensator, eta: defaultEta } : compensator,
    averaging: averaging && { ...averaging, from: 0 },
    // Every gradient is longer than that.
    clip: clip.globalNorm === undefined ? clip : { ...clip, globalNorm: Number.MIN_VALUE },
    accumulate: Math.min(recipe.accumulate, 2),
  };
}

async function openCopy(context: PlanContext, planned: PlannedStage): Promise<Copy> {
  const { recipe: whole, parts, task, engine, dataHash } = context;
  const recipe = probeRecipe(planned.recipe);
  const model = parts.model(recipe, task.data.train);
  const opened: { dispose(): void }[] = [model];
  try {
    compensate(model, recipe);
    const { distillation } = recipe;
    const taught = distillation && (await teachClassifier(model, distillation, task, parts));
    if (taught !== undefined) opened.push(taught.teacher);
    const session = new Session({
      recipe,
      engine,
      model,
      // So that each step ends an epoch, which is when some averages are taken.
      stepsPerEpoch: 1,
      dataHash,
      // Spares it the hash of its weights.
      stage: { index: 0, recipe: whole, epochs: 0, steps: 0, before: [], initialWeights: '' },
    });
    const trainingBatch = imageBatches(model, recipe, {
      inputShape: shapeOf(context),
      classes: task.data.train.classes.length,
      objective: taught?.objective,
    });
    return { recipe, model, teacher: taught?.teacher, session, trainingBatch };
  } catch (error) {
    for (const one of opened) one.dispose();
    throw error;
  }
}

function shapeOf({ task }: PlanContext): [number, number, number] {
  const { height, width, channels } = task.data.train;
  return [height, width, channels];
}

/** Runs the copy on made-up pictures and cuts the log after each piece of work. */
class Probe {
  private readonly tried: (readonly AllocationEvent[])[] = [];

  constructor(
    private readonly context: PlanContext,
    private readonly copy: Copy,
    private readonly log: AllocationLog,
  ) {}

  async run(): Promise<StageTraces | undefined> {
    // What the first step makes once and for all (averages) belongs to what stays.
    const open = await this.cut();
    const opening = [open, await this.step(0, few)];
    const first = await this.step(0, few);
    const last = await this.step(lastStep, few);
    const traces: (LinearTrace | undefined)[][] = [];
    for (const step of sameTrace(first, last) ? [lastStep] : [0, lastStep]) {
      const trace = step === 0 ? first : last;
      traces.push([
        LinearTrace.between(trace, await this.step(step, few + 1), few),
        // It computes with the weights as that step had them, which may be real.
        LinearTrace.between(await this.evaluation(few), await this.evaluation(few + 1), few),
        LinearTrace.between(await this.reestimation(few), await this.reestimation(few + 1), few),
      ]);
    }
    const known = traces.map((three) => three.filter((trace) => trace !== undefined));
    if (known.some(({ length }) => length < 3)) return undefined;
    return {
      tried: this.tried,
      opening,
      steps: known.map(([step]) => step),
      evaluations: known.map(([, evaluation]) => evaluation),
      reestimations: known.map(([, , reestimation]) => reestimation),
      scratch: scratchRequests(this.copy.model),
      largestWeights: open.reduce(
        (most, event) => (event.kind === 'take' ? Math.max(most, event.bytes) : most),
        0,
      ),
    };
  }

  /** An optimizer step on micro-batches of `count` pictures. */
  private async step(step: number, count: number): Promise<readonly AllocationEvent[]> {
    const { session, recipe, trainingBatch } = this.copy;
    session.step = step;
    session.batch = 0;
    session.trainStep(trainingBatch(this.batch(recipe.accumulate * count)));
    return this.cut();
  }

  private async evaluation(count: number): Promise<readonly AllocationEvent[]> {
    const { model, session } = this.copy;
    const set = this.context.task.data.evaluation;
    const evaluate = async () => {
      evaluateBatch(model, set, this.batch(count), new Tally(set.classes.length));
    };
    // The weights that make way for the average are kept beside it.
    await (session.average === undefined ? evaluate() : session.average.using(evaluate));
    return this.cut();
  }

  /** Nothing where the recipe does not ask for it. */
  private async reestimation(count: number): Promise<readonly AllocationEvent[]> {
    const { model, session, recipe } = this.copy;
    const reestimate = async () => {
      const x = imageTensor(this.batch(count), shapeOf(this.context));
      await reestimateBatchNorm(model, [x]);
      x.dispose();
    };
    if (session.average !== undefined) await session.average.using(reestimate);
    else if (recipe.reestimateNorm > 0) await reestimate();
    return this.cut();
  }

  /** Gives way to the event loop, too. @throws the signal's reason when it is aborted. */
  private async cut(): Promise<readonly AllocationEvent[]> {
    await nextTurn();
    this.context.options.signal?.throwIfAborted();
    const trace = this.log.cut();
    this.tried.push(trace);
    return trace;
  }

  private batch(count: number): PlainBatch {
    const { height, width, channels, classes } = this.context.task.data.train;
    const random = randomStream(0, 'memory');
    const images = Float32Array.from(
      { length: count * height * width * channels },
      () => 4 * random.uniform() - 2,
    );
    const labels = Int32Array.from({ length: count }, (_, i) => i % classes.length);
    return { images, labels, count };
  }
}
