/** The schemas of what a recipe may add to plain training: other runs' weights, a teacher, averaged weights. */
import { z } from 'zod';

/** Weights of another run: of its folder's last or best checkpoint. */
export const sourceSchema = z
  .union([
    z.string().min(1),
    z.strictObject({
      run: z.string().min(1),
      checkpoint: z.enum(['last', 'best', 'averaged']).default('last'),
      /** What hashes.weights of the run's summary.json says: other weights are then refused. */
      weights: z.string().optional(),
    }),
  ])
  .transform((given) =>
    typeof given === 'string' ? { run: given, checkpoint: 'last' as const } : given,
  );

/** Knowledge distillation: the loss, or a part of it, comes from a network that was trained before. */
export const distillationSchema = z
  .strictObject({
    teacher: sourceSchema,
    /** Cross-entropy with the teacher's probabilities at this temperature; weight 1: the only loss on the logits. */
    logits: z
      .strictObject({
        temperature: z.number().positive().default(1),
        weight: z.number().gt(0).max(1).default(1),
      })
      .optional(),
    /** Mean squared difference of layers' outputs, summed over the pairs and multiplied by the weight. */
    features: z
      .strictObject({
        weight: z.number().positive(),
        pairs: z
          .array(z.strictObject({ student: z.string().min(1), teacher: z.string().min(1) }))
          .min(1),
      })
      .optional(),
  })
  .transform((given) =>
    given.logits === undefined && given.features === undefined
      ? { ...given, logits: { temperature: 1, weight: 1 } }
      : given,
  );

/** An average of the weights beside them, evaluated and kept as a checkpoint of its own; training does not see it. */
export const averagingSchema = z.discriminatedUnion('type', [
  z.strictObject({
    /** Exponential: after each step from p = `from` on, average <- decay average + (1 - decay) weights. */
    type: z.literal('ema'),
    decay: z.number().min(0).lt(1).default(0.999),
    from: z.number().min(0).lt(1).default(0),
    /** Training batches over which batch norm's statistics are taken anew for the averaged weights. */
    reestimateNorm: z.int().min(1).default(100),
  }),
  z.strictObject({
    /** Stochastic weight averaging: the plain mean of the weights at the ends of the epochs from p = `from` on. */
    type: z.literal('swa'),
    from: z.number().min(0).lt(1).default(0.75),
    reestimateNorm: z.int().min(1).default(100),
  }),
]);

export type SourceSpec = z.output<typeof sourceSchema>;
export type DistillationSpec = z.output<typeof distillationSchema>;
export type AveragingSpec = z.output<typeof averagingSchema>;
