/**
 * What a recipe may say: one strict zod schema per part, every default in one place. A parsed recipe is
 * complete (all defaults filled in) and is itself a valid recipe; config.json of a run is exactly that.
 */
import { InputError } from '@surge-bnn/contract';
import { checkAugmentation } from '@surge-bnn/data/browser';
import type { AugmentationSpec } from '@surge-bnn/data/browser';
import { z } from 'zod';
import type { ScheduleSpec } from '../schedules.js';
import { averagingSchema, distillationSchema, sourceSchema } from './additions.js';
import { detectionSchema } from './detection.js';
import { languageSchema } from './language.js';

const share = z.number().min(0).max(1);
const positive = z.number().positive();
const notNegative = z.number().min(0);
const count = z.int().min(1);
const precision = z.enum(['float32', 'bfloat16']);

const scheduleObject: z.ZodType<Exclude<ScheduleSpec, number>> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant'), value: z.number() }),
  z.strictObject({ type: z.literal('linear'), from: z.number(), to: z.number() }),
  z.strictObject({ type: z.literal('cosine'), from: z.number(), to: z.number() }),
  z.strictObject({
    type: z.literal('step'),
    from: z.number(),
    at: z.array(share),
    factor: notNegative,
  }),
  z.strictObject({ type: z.literal('exponential'), from: positive, to: positive }),
  z.strictObject({
    type: z.literal('warmup'),
    over: z.number().min(0).lt(1),
    from: z.number().default(0),
    get then(): z.ZodType<ScheduleSpec> {
      return scheduleSchema;
    },
  }),
]);

/** A number or one of the forms of schedules.ts. */
export const scheduleSchema: z.ZodType<ScheduleSpec> = z.union([z.number(), scheduleObject]);

/** Optimizers; learningRate is the value that the schedule's factor multiplies. */
export const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    learningRate: notNegative,
    momentum: z.number().min(0).lt(1).default(0.9),
    nesterov: z.boolean().default(false),
    weightDecay: notNegative.default(0),
  }),
  ...(['adam', 'adamw'] as const).map((name) =>
    z.strictObject({
      name: z.literal(name),
      learningRate: notNegative,
      beta1: z.number().min(0).lt(1).default(0.9),
      beta2: z.number().min(0).lt(1).default(0.999),
      epsilon: positive.default(1e-8),
      weightDecay: notNegative.default(0),
    }),
  ),
  z.strictObject({
    name: z.literal('bop'),
    /** Rate of the moving average of the gradient; takes the schedule's factor. */
    gamma: share,
    threshold: notNegative,
  }),
]);

const groupFields = {
  /** Another optimizer for this group; absent: the recipe's. */
  optimizer: optimizerSchema.optional(),
  learningRateFactor: notNegative.default(1),
  /** Overrides the optimizer's. The auxiliary group and normBias default to 0. */
  weightDecay: notNegative.optional(),
};

const groupsSchema = z.strictObject({
  /** Latent weights of binary layers; their optimizer is Bop where the method asks for it. `clip` is the range after each step; 'binarizer': as it asks. */
  binary: z
    .strictObject({
      ...groupFields,
      clip: z
        .union([z.enum(['binarizer', 'none']), z.tuple([z.number(), z.number()])])
        .default('binarizer'),
    })
    .prefault({}),
  /** W_a. Never part of global-norm clipping. */
  auxiliary: z.strictObject({ ...groupFields, weightDecay: notNegative.default(0) }).prefault({}),
  /** Parameters of rank <= 1: batch norm, biases, slopes, shifts. */
  normBias: z.strictObject({ ...groupFields, weightDecay: notNegative.default(0) }).prefault({}),
  /** Scales that a method learns (BiT's step sizes). Absent: they are of normBias. */
  scales: z.strictObject({ ...groupFields, weightDecay: notNegative.default(0) }).optional(),
  /** Everything else: kernels of real-valued layers. */
  other: z.strictObject(groupFields).prefault({}),
});

const lambdaSchema = z.union([
  z.enum(['adaptive']),
  z.strictObject({ fixed: notNegative }),
  z.strictObject({ movingAverage: z.number().min(0).lt(1) }),
]);

const scopeSchema = z.union([
  z.enum(['all']),
  z.strictObject({ first: count }),
  z.strictObject({ last: count }),
  z.strictObject({ names: z.array(z.string()).min(1) }),
]);

/** The forms of W_a; those with a size of their own say it. */
const auxiliarySchema = z.union([
  z.enum(['full', 'shared', 'frozen']),
  z.discriminatedUnion('form', [
    z.strictObject({ form: z.literal('grouped'), groups: count }),
    z.strictObject({ form: z.literal('lowRank'), rank: count }),
  ]),
]);

/** The compensator's options as JSON; METHOD.md section 1 has their meaning. */
export const surgeSchema = z.strictObject({
  /** Default 0.1. With lambda {fixed} it has no meaning and must be absent. */
  eta: z.union([notNegative, scheduleObject]).optional(),
  epsilon: positive.optional(),
  lambdaMax: positive.optional(),
  auxiliary: auxiliarySchema.default('full'),
  initial: z.enum(['random', 'copy']).default('random'),
  scaleAuxiliaryGradient: z.boolean().default(true),
  auxiliaryInput: z.enum(['raw', 'transformed']).default('raw'),
  lambda: lambdaSchema.default('adaptive'),
  gainOnly: z.boolean().default(false),
  normScope: z.enum(['layer', 'channel', 'sample']).default('layer'),
  scope: scopeSchema.default('all'),
});

/** eta where a recipe says 'surge' and no more: the middle of the range that the literature suggests. */
export const defaultEta = 0.1;

const compensatorSchema = z.union([z.enum(['none', 'surge']), surgeSchema]).transform((given) => {
  if (given === 'none') return given;
  const options = given === 'surge' ? surgeSchema.parse({}) : given;
  const fixed = typeof options.lambda === 'object' && 'fixed' in options.lambda;
  return fixed ? options : { ...options, eta: options.eta ?? defaultEta };
});

const networkSchema = z
  .union([
    z.string().min(1),
    z.strictObject({
      name: z.string().min(1),
      options: z.record(z.string(), z.json()).default({}),
    }),
  ])
  .transform((given) => (typeof given === 'string' ? { name: given, options: {} } : given));

const dataSchema = z.strictObject({
  /** A set that the data package knows. */
  name: z.string().min(1),
  /** Where its files lie; absent: the data package's own place. */
  directory: z.string().optional(),
  /** Of pictures in files: side of the input, shorter edge before the cut, when they are decoded. */
  size: count.optional(),
  resize: count.optional(),
  decode: z.enum(['once', 'each-batch']).optional(),
  /** Leave pictures out that cannot be decoded, instead of stopping. */
  skipCorrupt: z.boolean().optional(),
  /** Use only n training images, drawn once and for all (the same for every seed). */
  trainLimit: count.optional(),
  /** Hold out this share of the training images and evaluate on them, not on the test set: for tuning. */
  holdOut: z.number().gt(0).lt(1).optional(),
});

/** Random changes of the training images; the data package checks them and has their meaning. */
const augmentationSchema = z.unknown().transform((given, context): AugmentationSpec => {
  try {
    return checkAugmentation(given);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    context.issues.push({ code: 'custom', message: error.message, input: given });
    return z.NEVER;
  }
});

/** A method's name, or that with options of its own: {"name": "ir-net", "start": -1}; the core package knows which exist. */
const binarizerSchema = z.union([
  z.string().min(1),
  z.object({ name: z.string().min(1) }).catchall(z.json()),
]);

const clipSchema = z.strictObject({ globalNorm: positive.optional(), value: positive.optional() });

/** What a stage may have of its own; without defaults, because what it does not name is the recipe's. */
const stageFields = {
  network: networkSchema,
  binarizer: binarizerSchema,
  compensator: compensatorSchema,
  optimizer: optimizerSchema,
  groups: groupsSchema,
  /** Factor of every learning rate, as a function of p. */
  schedule: scheduleSchema,
  /** Floor p to whole epochs, as the published recipes do. */
  floorToEpochs: z.boolean(),
  batchSize: count,
  augmentation: augmentationSchema,
  labelSmoothing: z.number().min(0).lt(1),
  distillation: distillationSchema,
  averaging: averagingSchema,
  /** Gradient clipping: first each entry, then the norm over everything but the auxiliary weights. */
  clip: clipSchema,
  /** Split each batch into k micro-batches and sum their gradients: the same step in less memory. */
  accumulate: count,
  /** Evaluate after every n-th epoch (and always after the last). */
  evaluateEvery: count,
  /**
   * Before each evaluation, average batch norm's statistics anew over this many training batches, weights standing
   * still and images as they are; 0: evaluate with the moving averages of training.
   */
  reestimateNorm: z.int().min(0),
};

/** One stage: its epochs, and the keys that replace the recipe's, each as a whole. */
const stageSchema = z
  .strictObject(stageFields)
  .partial()
  .extend({ name: z.string().min(1).optional(), epochs: count });

const recipeObject = z.strictObject({
  name: z.string().min(1).default('unnamed'),
  description: z.string().default(''),
  data: dataSchema,
  network: stageFields.network,
  binarizer: stageFields.binarizer.default('ste'),
  compensator: stageFields.compensator.default('none'),
  optimizer: stageFields.optimizer,
  groups: stageFields.groups.prefault({}),
  schedule: stageFields.schedule.default(1),
  floorToEpochs: stageFields.floorToEpochs.default(false),
  /** Of the whole run; with stages their sum, which may be left out. */
  epochs: count.optional(),
  /** Trainings one after the other: each begins with the weights of the one before, an optimizer of its own and p = 0. */
  stages: z.array(stageSchema).min(1).optional(),
  /** Begin with the weights of another run. */
  initialFrom: sourceSchema.optional(),
  batchSize: stageFields.batchSize,
  seed: z.int().min(0).default(1),
  augmentation: stageFields.augmentation.prefault([]),
  labelSmoothing: stageFields.labelSmoothing.default(0),
  distillation: stageFields.distillation.optional(),
  averaging: stageFields.averaging.optional(),
  /** Makes this a recipe for a detector, on annotated pictures. */
  detection: detectionSchema.optional(),
  /** Makes this a recipe for a network that reads texts. */
  language: languageSchema.optional(),
  clip: stageFields.clip.prefault({}),
  accumulate: stageFields.accumulate.default(1),
  evaluateEvery: stageFields.evaluateEvery.default(1),
  reestimateNorm: stageFields.reestimateNorm.default(0),
  engine: z
    .strictObject({
      backend: z.enum(['auto', 'native', 'wasm', 'reference', 'tfjs']).default('auto'),
      /** Absent: the engine's own choice, on 'native' and 'wasm' one for each core. */
      threads: count.optional(),
      /** Operands of a binary layer's backward products, of either branch: 'native' alone has bfloat16. Absent: float32. */
      binaryGradients: precision.optional(),
      auxiliaryGradients: precision.optional(),
      /** Products and sums rounded once, on 'wasm' alone. Absent: where the host can. */
      fusedMultiplyAdd: z.boolean().optional(),
    })
    .prefault({}),
});

/** A whole recipe. */
export const recipeSchema = recipeObject.transform((given, context) => {
  const sum = given.stages?.reduce((all, stage) => all + stage.epochs, 0);
  const epochs = given.epochs ?? sum;
  if (epochs === undefined) {
    context.issues.push({
      code: 'invalid_type',
      expected: 'number',
      input: undefined,
      path: ['epochs'],
    });
    return z.NEVER;
  }
  if (sum !== undefined && epochs !== sum) {
    const message = `${epochs} are not the ${sum} of the stages together; leave it out, or change stages.0.epochs and those after it`;
    context.issues.push({ code: 'custom', message, input: epochs, path: ['epochs'] });
    return z.NEVER;
  }
  return { ...given, epochs };
});

/** A complete recipe, every default filled in. */
export type Recipe = z.output<typeof recipeSchema>;
/** A recipe as it may be written. */
export type RecipeInput = z.input<typeof recipeSchema>;
export type OptimizerSpec = z.output<typeof optimizerSchema>;
export type SurgeSpec = z.output<typeof surgeSchema>;
export type BinarizerSpec = z.output<typeof binarizerSchema>;
