/** The list of models that the page offers, models.json beside it, and the files that it names. */
import { Refusal } from '../../shared/refusal.js';

export interface Sample {
  /** A picture. */
  readonly file: string;
  /** What it shows. */
  readonly label: string;
}

export interface ListedModel {
  readonly title: string;
  /** The *.bnn file, relative to the page. */
  readonly file: string;
  /** Pictures of data that the model was not trained on, and how many of them it read rightly. */
  readonly accuracy?: { readonly correct: number; readonly of: number; readonly what: string };
  readonly samples: readonly Sample[];
}

export async function listModels(): Promise<readonly ListedModel[]> {
  return checkModels(await (await fetched('models.json')).json());
}

/** @throws Refusal when it is not there. */
export async function fetched(file: string): Promise<Response> {
  const sentence = `${file} could not be fetched`;
  let response: Response;
  try {
    response = await fetch(new URL(file, document.baseURI));
  } catch (cause) {
    throw new Refusal(`${sentence}: the server does not answer.`, { cause });
  }
  if (!response.ok) throw new Refusal(`${sentence}: the server says ${response.status}.`);
  return response;
}

/** @throws Refusal when it is no such list. */
export function checkModels(list: unknown): readonly ListedModel[] {
  if (Array.isArray(list) && list.length > 0 && list.every(isListed)) return list;
  throw new Refusal(
    'models.json must be a list of {"title", "file", "samples": [{"file", "label"}]}, with "accuracy": {"correct", "of", "what"} if it is known.',
  );
}

function isListed(value: unknown): value is ListedModel {
  if (!isRecord(value) || !isText(value.title) || !isText(value.file)) return false;
  const { accuracy, samples } = value;
  const told =
    accuracy === undefined ||
    (isRecord(accuracy) &&
      typeof accuracy.correct === 'number' &&
      typeof accuracy.of === 'number' &&
      isText(accuracy.what));
  return told && Array.isArray(samples) && samples.every(isSample);
}

function isSample(value: unknown): value is Sample {
  return isRecord(value) && isText(value.file) && isText(value.label);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
