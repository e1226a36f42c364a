/**
 * What a recipe says of a detector beside what every recipe says: the key "detection", whose presence makes the run one of object
 * detection on annotated pictures.
 */
import { InputError } from '@surge-bnn/contract';
import { z } from 'zod';
import { sourceSchema } from './additions.js';
import type { Recipe } from './schema.js';

type Normalization = { mean: [number, number, number]; std: [number, number, number] };

const share = z.number().min(0).max(1);
const pixels = z.int().min(1).max(8192);
const perChannel = z.tuple([z.number(), z.number(), z.number()]);
const spread = z.number().min(0);

const exactSize = z.strictObject({ width: pixels, height: pixels });

/** The short side to a number (or one of a list, or of a range, drawn for each picture) with the long side capped; or every picture to one size. */
const sizeSchema = z.union([
  exactSize,
  z.strictObject({
    shortSide: z.union([
      pixels,
      z.array(pixels).min(1),
      z.strictObject({ from: pixels, to: pixels }),
    ]),
    longSide: pixels,
  }),
]);

/** Weights with PyTorch's names; another content than of this sha256 is refused. */
const fileSchema = z.strictObject({ file: z.string().min(1), sha256: z.string().optional() });

const augmentationSchema = z.strictObject({
  flip: share.default(0.5),
  colour: z
    .strictObject({
      brightness: spread.optional(),
      contrast: spread.optional(),
      saturation: spread.optional(),
      hue: spread.optional(),
      probability: share.optional(),
      exchange: share.optional(),
    })
    .optional(),
  expand: z
    .strictObject({ probability: share, most: z.number().min(1).max(16).optional() })
    .optional(),
  crop: z.boolean().optional(),
});

/** Of the pictures that public backbones were trained on. */
const imagenet: Normalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export const detectionSchema = z.strictObject({
  /** Lists of the set: what is trained on, and what is evaluated on. */
  train: z.string().min(1).default('train'),
  test: z.string().min(1).default('test'),
  /** Of a folder in VOC's layout; absent: all that the lists name, sorted. */
  classes: z.array(z.string().min(1)).min(1).optional(),
  size: sizeSchema,
  /** Of evaluation and of what ships. Absent: `size`, at the largest of its short sides. */
  testSize: z
    .union([exactSize, z.strictObject({ shortSide: pixels, longSide: pixels })])
    .optional(),
  augmentation: augmentationSchema.prefault({}),
  /** (pixel / 255 - mean) / std. */
  normalization: z
    .strictObject({
      mean: perChannel,
      std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
    })
    .prefault(imagenet),
  /** Whether objects that VOC calls difficult are trained on. Evaluation leaves them out, as VOC does. */
  difficult: z.boolean().default(false),
  /** VOC's mean average precision at an overlap of 0.5: by area (from 2010 on), or at 11 recalls (2007); or COCO's at ten overlaps. */
  metric: z.enum(['voc', 'voc2007', 'coco']).default('voc'),
  /**
   * Weights that the backbone begins with: "random", or a classifier's, from a run of ours, or from a safetensors file with PyTorch's
   * names. The rest of the detector begins at random.
   */
  backbone: z.union([z.literal('random'), sourceSchema, fileSchema]).default('random'),
});

export type DetectionSpec = z.output<typeof detectionSchema>;

/** @throws InputError for keys that say nothing of a detector. */
export function checkDetection(recipe: Recipe, where: string): void {
  if (recipe.detection === undefined) return;
  checkSizes(recipe.detection, where);
  if (recipe.initialFrom !== undefined && recipe.detection.backbone !== 'random') {
    throw new InputError(
      `${where}: initialFrom and detection.backbone both say what the backbone begins with; leave one out (--set detection.backbone=random)`,
    );
  }
  const { data, augmentation, labelSmoothing, distillation, averaging } = recipe;
  const { reestimateNorm, accumulate } = recipe;
  const set: Readonly<Record<string, boolean>> = {
    'data.size': data.size !== undefined,
    'data.resize': data.resize !== undefined,
    'data.decode': data.decode !== undefined,
    'data.skipCorrupt': data.skipCorrupt !== undefined,
    augmentation: augmentation.length > 0,
    labelSmoothing: labelSmoothing > 0,
    distillation: distillation !== undefined,
    averaging: averaging !== undefined,
    reestimateNorm: reestimateNorm > 0,
    accumulate: accumulate > 1,
  };
  const instead: Readonly<Record<string, string>> = {
    'data.size': '; the size of the pictures is detection.size',
    'data.resize': '; the size of the pictures is detection.size',
    augmentation: '; a detector has detection.augmentation',
  };
  for (const [key, isSet] of Object.entries(set)) {
    if (!isSet) continue;
    throw new InputError(
      `${where}: ${key} is for classifiers, and this recipe has the key "detection"${instead[key] ?? ''}; leave it out`,
    );
  }
}

/** Before anything is read, and not at the first evaluation. */
function checkSizes({ size, testSize }: DetectionSpec, where: string): void {
  for (const [key, given] of Object.entries({ size, testSize })) {
    if (given === undefined || !('shortSide' in given)) continue;
    const { shortSide, longSide } = given;
    const isRange = typeof shortSide === 'object' && 'from' in shortSide;
    if (isRange && shortSide.to < shortSide.from) {
      throw new InputError(
        `${where}: detection.${key}.shortSide must not end before it begins, got ${shortSide.from} to ${shortSide.to}`,
      );
    }
    const most = isRange ? shortSide.to : Math.max(...[shortSide].flat());
    if (most > longSide) {
      throw new InputError(
        `${where}: detection.${key}.longSide must be at least its shortSide, ${most}, got ${longSide}`,
      );
    }
  }
}
