/**
 * What a recipe says of a network for texts beside what every recipe says: the key "language", whose presence makes the run one of language
 * understanding on a GLUE task, or of pre-training on the texts of several.
 */
import { InputError } from '@surge-bnn/contract';
import { z } from 'zod';
import { sourceSchema } from './additions.js';
import type { Recipe } from './schema.js';

const weight = z.number().positive();
/** "sst2/train": a file of a task. */
const place = z.string().regex(/^[a-z0-9]+\/[\w-]+$/, 'must be a task and its split: sst2/train');

/** What is pre-trained on: all their sentences, each once, without labels. */
const places = { train: z.array(place).min(1), test: z.array(place).min(1) };

/** The masked language model of BERT, in place of a task's labels. */
const maskedSchema = z.strictObject({
  ...places,
  /** Share of a text's pieces that is to be predicted. */
  share: z.number().gt(0).max(1).default(0.15),
  wholeWords: z.boolean().default(false),
});

/** The vectors that the public sentence encoder gives for the texts (Reimers and Gurevych 2020, arXiv 2004.09813, eq. 1), in place of a task's labels. */
const vectorsSchema = z.strictObject({
  ...places,
  /** The files' pairs instead, with u and v the vectors of a pair's sentences: |u - v| and u v, of which the entries add up to their cosine. */
  pairs: z.boolean().default(false),
});

/** A folder as Hugging Face's code writes it: config.json and model.safetensors. */
const folderSchema = z.strictObject({ folder: z.string().min(1) });

/** What the network learns from its teacher beside the logits (`distillation.logits`). */
const matchSchema = z.strictObject({
  /**
   * Of the embeddings and of each layer. values: mean squared difference (BiT); directions: squared difference of what was divided by its Frobenius
   * norm, text by text (BiBERT).
   */
  hiddenStates: z
    .strictObject({ weight, of: z.enum(['values', 'directions']).default('values') })
    .optional(),
  /** BiBERT's direction matching: the similarity matrices of query, key and value in each head, each divided by its Frobenius norm. */
  projections: z.strictObject({ weight }).optional(),
});

export const languageSchema = z.strictObject({
  /** Files of the task: what is trained on, and what is evaluated on. */
  train: z.string().min(1).default('train'),
  test: z.string().min(1).default('dev'),
  /** Most pieces of a text or pair, [CLS] and [SEP] among them. */
  maxLength: z.int().min(3).max(512).default(128),
  /** A vocabulary of WordPiece, a piece a line. Absent: bert-base-uncased's, in the data directory. */
  vocabulary: z.string().min(1).optional(),
  /** Whether texts are made lower case, without accents, as the uncased vocabularies have it. */
  lowerCase: z.boolean().default(true),
  masked: maskedSchema.optional(),
  vectors: vectorsSchema.optional(),
  /** Word dropout: the probability with which a piece of a training text becomes [MASK], drawn anew each epoch. */
  wordDropout: z.number().min(0).lt(1).default(0),
  /** What the encoder begins with: another run's weights, a float one's as latent weights of a binary network; a folder's; or the public ones of the sentence encoder. The classifier is new, unless another run has learnt the same task. */
  start: z.union([z.enum(['random', 'published']), folderSchema, sourceSchema]).default('random'),
  /** Layer-wise learning rates: that of layer l of L is multiplied by this to the power of L - l, that of the embeddings by the power of L. */
  layerDecay: z.number().gt(0).max(1).default(1),
  match: matchSchema.prefault({}),
});

export type LanguageSpec = z.output<typeof languageSchema>;

/** What a recipe learns that is of no task. */
export interface Pretraining {
  /** The key of the recipe. */
  readonly kind: 'masked' | 'vectors';
  readonly places: { readonly train: readonly string[]; readonly test: readonly string[] };
  readonly pairs: boolean;
}

/** Undefined for a task. */
export function pretrainingOf({
  masked,
  vectors,
}: Pick<LanguageSpec, 'masked' | 'vectors'>): Pretraining | undefined {
  if (masked !== undefined) return { kind: 'masked', places: masked, pairs: false };
  if (vectors === undefined) return undefined;
  return { kind: 'vectors', places: vectors, pairs: vectors.pairs };
}

/** @throws InputError for keys that say nothing of a network for texts, or nothing together. */
export function checkLanguage(recipe: Recipe, where: string): void {
  const { language: spec, distillation, initialFrom } = recipe;
  if (spec === undefined) return;
  if (recipe.detection !== undefined) {
    throw new InputError(`${where}: a recipe has the key "language" or "detection", not both`);
  }
  refusePictures(recipe, where);
  const { match, masked, vectors, start, wordDropout } = spec;
  const pretraining = pretrainingOf(spec);
  const isFolder = typeof start === 'object' && 'folder' in start;
  const isEncoder = recipe.network.name === 'sentence-encoder';
  if (isEncoder ? isFolder : start === 'published') {
    throw new InputError(
      `${where}: language.start "published" is for the sentence encoder and a folder for bert, got ${JSON.stringify(start)} for ${recipe.network.name}`,
    );
  }
  const matches = match.hiddenStates !== undefined || match.projections !== undefined;
  if (matches && distillation === undefined) {
    throw new InputError(
      `${where}: language.match needs a teacher; name its run in distillation.teacher, or leave match out`,
    );
  }
  if (distillation?.features !== undefined) {
    throw new InputError(
      `${where}: distillation.features is for classifiers of pictures; texts have language.match`,
    );
  }
  if (masked !== undefined && vectors !== undefined) {
    throw new InputError(
      `${where}: language.masked and language.vectors are two pre-trainings; leave one out, and start the second from the first's run (language.start)`,
    );
  }
  if (pretraining !== undefined && (distillation !== undefined || recipe.labelSmoothing > 0)) {
    throw new InputError(
      `${where}: language.${pretraining.kind} trains without labels; leave distillation and labelSmoothing out`,
    );
  }
  if (wordDropout > 0 && (masked !== undefined || isEncoder)) {
    throw new InputError(
      `${where}: language.wordDropout hides pieces of bert's labelled texts as [MASK]; leave it out ${isEncoder ? 'for the sentence encoder' : 'beside language.masked, which hides pieces itself'}`,
    );
  }
  if (initialFrom !== undefined && start !== 'random') {
    throw new InputError(
      `${where}: initialFrom and language.start both say what the network begins with; leave one out (--set language.start=random)`,
    );
  }
}

function refusePictures(recipe: Recipe, where: string): void {
  const { data, augmentation, averaging, reestimateNorm, accumulate } = recipe;
  const set: Readonly<Record<string, boolean>> = {
    'data.size': data.size !== undefined,
    'data.resize': data.resize !== undefined,
    'data.decode': data.decode !== undefined,
    'data.skipCorrupt': data.skipCorrupt !== undefined,
    augmentation: augmentation.length > 0,
    averaging: averaging !== undefined,
    reestimateNorm: reestimateNorm > 0,
    accumulate: accumulate > 1,
  };
  for (const [key, isSet] of Object.entries(set)) {
    if (!isSet) continue;
    throw new InputError(
      `${where}: ${key} is for pictures, and this recipe has the key "language"; leave it out`,
    );
  }
}
