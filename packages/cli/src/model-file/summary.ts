/** What stands in a model file: nodes, sizes, agreement, origin. */
import type { FileSize, Json, ModelDescription, ModelMetadata } from '@surge-bnn/runtime';
import { bytes, count } from '../terminal/format.js';
import type { OpenedModel } from './open.js';
import { edgeText, fileSizeText, formatNodes } from './tables.js';

export interface ModelSummary extends ModelDescription {
  readonly file: string;
  readonly size: FileSize;
  readonly classes?: readonly string[];
  readonly metadata: ModelMetadata;
}

export function summarizeModel({ file, model, size }: OpenedModel): ModelSummary {
  const { classes, metadata } = model;
  return { file, size, ...model.describe(), ...(classes && { classes }), metadata };
}

export function formatModelSummary({ file, size, nodes, metadata, ...rest }: ModelSummary): string {
  const { inputs, outputs, classes, activationBytes } = rest;
  const facts: [name: string, what: string][] = [
    ['file', fileSizeText(size)],
    ['memory', `${bytes(activationBytes)} for all edges of one example`],
  ];
  if (classes) facts.push(['classes', classes.join(', ')]);
  for (const { pixels } of inputs) {
    if (pixels === undefined) continue;
    const { mean, std } = pixels;
    facts.push(['pixels', `(byte / 255 - ${mean.join(', ')}) / ${std.join(', ')}`]);
  }
  facts.push(...metadataFacts(metadata));
  return [
    `${file}: ${inputs.map(edgeText).join(', ')} -> ${outputs.map(edgeText).join(', ')}`,
    '',
    formatNodes(nodes),
    '',
    formatFacts(facts),
  ].join('\n');
}

/** Lines of names and what they stand for. */
export function formatFacts(facts: readonly [name: string, what: string][]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, what]) => `${name.padEnd(width)}  ${what}`).join('\n');
}

/** What a file's metadata say, for people. */
export function metadataFacts({
  training,
  provenance,
  agreement,
}: ModelMetadata): [name: string, what: string][] {
  const origin = leaves(provenance ?? {});
  return [
    ...(training ? [['recipe', text(training.name)] satisfies [string, string]] : []),
    ...(agreement ? [['agreement', agreementText(agreement)] satisfies [string, string]] : []),
    ...origin.filter(([name]) => !(name === 'recipe' && training)),
  ];
}

/** {data: {name: 'x'}} as ['data.name', 'x']. */
function leaves(value: Json, name = ''): [string, string][] {
  if (typeof value !== 'object' || value === null || isList(value)) {
    return [[name, text(value)]];
  }
  return Object.entries(value).flatMap(([key, member]) =>
    leaves(member, name === '' ? key : `${name}.${key}`),
  );
}

/** The converter's own words, if it was our converter. */
function agreementText(agreement: NonNullable<ModelMetadata['agreement']>): string {
  const { inputs, equalOutputs, inputsAre, rounding } = agreement;
  if (typeof inputs !== 'number' || typeof equalOutputs !== 'number') return text(agreement);
  const equal = `${count(equalOutputs)} of ${count(inputs)} outputs equal bit for bit (${text(inputsAre)})`;
  return rounding === undefined ? equal : `${equal}; ${roundingText(rounding)}`;
}

function roundingText(rounding: Json): string {
  if (typeof rounding !== 'object' || rounding === null || isList(rounding)) return text(rounding);
  const { of, differentPredictions, differentPictures } = rounding;
  if (isList(of) && isList(differentPictures)) {
    return `${of.map(text).join(', ')}: ${count(differentPictures.length)} pictures are seen differently than by the trained detector`;
  }
  if (!isList(of) || !isList(differentPredictions)) return text(rounding);
  return `${of.map(text).join(', ')}: ${count(differentPredictions.length)} predictions differ from the trained network's`;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
