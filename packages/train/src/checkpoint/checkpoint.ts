/**
 * A checkpoint: everything that a run needs to go on as if it had never stopped. Two files in `checkpoint/`:
 *
 *     last.json                 the manifest: format, tensors {file, bytes, sha256}, recipe, engine (threads, isa),
 *                               p, step, epoch, batch, random streams, running sums, moving averages of lam,
 *                               best and last accuracy, lengths of the logs
 *     last-<step>.safetensors   F32 "weights/<layer>/<weight>" (auxiliary ones included),
 *                               F32 "optimizer/<layer>/<weight>/<slot>", U8 "signs/<layer>" (at the last look),
 *                               F32 "average/<layer>/<weight>" where weights are averaged
 *
 * and the same under `best`; under `averaged` the averaged weights as "weights/..". The tensors are written first, under a name of their own; renaming the
 * manifest over the old one is the moment at which the new checkpoint counts, and only then are the former
 * tensors removed. There is no wall-clock time in it: equal runs write equal bytes.
 */
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { z } from 'zod';
import { sha256 } from '../hash.js';
import { recipeSchema } from '../recipe/schema.js';
import { stageTitle } from '../recipe/stages.js';
import { writeAtomic } from './atomic.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import type { StoredTensor } from './safetensors.js';

/** averaged: the averaged weights alone, with their own batch norm statistics; nothing goes on from it. */
export type CheckpointName = 'last' | 'best' | 'averaged';

const format = 'surge-bnn checkpoint';
const version = 1;
const whole = z.int().min(0);
const accuracyAt = z.object({
  accuracy: z.number(),
  loss: z.number().optional(),
  epoch: whole,
  images: whole.optional(),
  top5: z.number().optional(),
  confusion: z.array(z.array(whole)).optional(),
  details: z.record(z.string(), z.number()).optional(),
  perClass: z.record(z.string(), z.number().nullable()).optional(),
});
const averaged = z.object({ last: accuracyAt, best: accuracyAt }).optional();

const stateSchema = z.object({
  /** Of the whole run, stages included. */
  recipe: recipeSchema,
  /** Which stage this is, from 0, and what those before it came to; absent without stages. */
  stage: whole.optional(),
  stagesBefore: z
    .array(
      z.object({
        epochs: whole,
        last: accuracyAt.optional(),
        best: accuracyAt.optional(),
        averaged,
      }),
    )
    .optional(),
  /** sha256 of others' weights: those that the run began with, those of its backbone, those of its teacher (of this stage). */
  sources: z
    .object({
      initialFrom: z.string().optional(),
      backbone: z.string().optional(),
      encoder: z.string().optional(),
      teacher: z.string().optional(),
    })
    .optional(),
  /** How many weights are in the averages "average/<layer>/<weight>". */
  averages: whole.optional(),
  engine: z.object({
    backend: z.string(),
    threads: whole,
    isa: z.string().optional(),
    binaryGradients: z.enum(['float32', 'bfloat16']).optional(),
    auxiliaryGradients: z.enum(['float32', 'bfloat16']).optional(),
    fusedMultiplyAdd: z.boolean().optional(),
  }),
  /** Whole epochs done, batches of the next one done, optimizer steps done; p of the next step. */
  epoch: whole,
  batch: whole,
  step: whole,
  p: z.number(),
  /** Every random stream is derived from the seed, a purpose and the epoch: this is all there is to keep. */
  random: z.object({ seed: whole, epoch: whole, batch: whole }),
  /** Running sums of the epoch. */
  sums: z.object({
    loss: z.number(),
    correct: z.number().optional(),
    seen: whole,
    parts: z.record(z.string(), z.number()).optional(),
  }),
  layers: z.record(
    z.string(),
    z.object({
      count: z.number(),
      lambda: z.number(),
      cosine: z.number(),
      normB: z.number(),
      normA: z.number(),
      clipped: z.number(),
      skipped: z.number(),
    }),
  ),
  compensators: z.record(z.string(), z.object({ average: z.number().optional() })),
  last: accuracyAt.optional(),
  best: accuracyAt.optional(),
  averaged,
  hashes: z.object({ initialWeights: z.string(), data: z.string() }),
  /** Bytes of the logs that belong to this checkpoint. */
  logs: z.object({ metrics: whole, events: whole }),
});

/** The JSON half, as the loop sees it. */
export type CheckpointState = z.output<typeof stateSchema>;

const manifestSchema = z.object({
  format: z.literal(format),
  version: z.literal(version),
  tensors: z.object({ file: z.string(), bytes: whole, sha256: z.string() }),
  state: stateSchema,
});

export interface Checkpoint {
  readonly state: CheckpointState;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * Writes the checkpoint; the former one of that name stays valid until the new one is complete.
 *
 * @throws InputError when the disk refuses, saying that the former checkpoint is kept.
 */
export async function saveCheckpoint(
  run: string,
  name: CheckpointName,
  { state, tensors }: Checkpoint,
): Promise<void> {
  const folder = join(run, 'checkpoint');
  const bytes = encodeSafetensors(tensors);
  const file = `${name}-${state.step}.safetensors`;
  const manifest: z.input<typeof manifestSchema> = {
    format,
    version,
    tensors: { file, bytes: bytes.length, sha256: sha256(bytes) },
    state,
  };
  try {
    await mkdir(folder, { recursive: true });
    await writeAtomic(join(folder, file), bytes);
    await writeAtomic(join(folder, `${name}.json`), `${JSON.stringify(manifest, undefined, 2)}\n`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const former = await stat(join(folder, `${name}.json`)).catch(() => undefined);
    const advice =
      former === undefined
        ? 'there is no checkpoint yet: make room and start again'
        : 'the previous checkpoint is kept, make room and resume';
    throw new InputError(`${error.message}; ${advice}`, { cause: error });
  }
  await removeFormer(folder, name, file);
}

/** Only the tensors of this name that the manifest no longer points to, and what a crash left half-written. */
async function removeFormer(folder: string, name: CheckpointName, keep: string): Promise<void> {
  for (const file of await readdir(folder)) {
    const ours = file.startsWith(`${name}-`) && file.includes('.safetensors') && file !== keep;
    if (ours) await rm(join(folder, file), { force: true });
  }
}

/**
 * Reads and verifies a checkpoint.
 *
 * @throws InputError saying which file is missing, cut off or damaged; for averaged weights of a stage that is not the last.
 */
export async function loadCheckpoint(run: string, name: CheckpointName): Promise<Checkpoint> {
  const path = join(run, 'checkpoint', `${name}.json`);
  const text = await readFile(path, 'utf8').catch(() => {
    const hint =
      name === 'best'
        ? ' (nothing has been evaluated yet, or this is no run folder)'
        : name === 'averaged'
          ? ' (the recipe averages no weights, or has not come to them yet)'
          : '';
    throw new InputError(`there is no checkpoint in ${run}: ${path} is missing${hint}`);
  });
  const { tensors, state } = parseManifest(text, path);
  if (name === 'averaged') refuseEarlyAverage(run, state);
  const file = join(run, 'checkpoint', tensors.file);
  const bytes = await readFile(file).catch(() => {
    throw new InputError(`the checkpoint in ${run} is not complete: ${file} is missing`);
  });
  if (bytes.length !== tensors.bytes) {
    throw new InputError(
      `${file} is damaged: it has ${bytes.length} bytes instead of ${tensors.bytes}`,
    );
  }
  if (sha256(bytes) !== tensors.sha256) {
    throw new InputError(`${file} is damaged: its sha256 is not the one that ${path} names`);
  }
  return { state, tensors: decodeSafetensors(bytes, file) };
}

/** A stage's average is the run's only when the stage is the last. */
function refuseEarlyAverage(run: string, { recipe, stage = 0 }: CheckpointState): void {
  if (recipe.stages === undefined || stage === recipe.stages.length - 1) return;
  throw new InputError(
    `the averaged weights in ${run} are those of ${stageTitle(recipe, stage) ?? ''}; its last stage has averaged none`,
  );
}

function parseManifest(text: string, path: string): z.output<typeof manifestSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InputError(`${path} is damaged: it is not valid JSON (cut off?)`);
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.map(String).join('.') || 'the file';
  throw new InputError(`${path} is no checkpoint of this version: ${at}: ${issue.message}`);
}
