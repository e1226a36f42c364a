/** From a trained text model to the data of a packed one: tokenizer, tables, and the body lowered and folded, with what became of every layer. */
import { InputError } from '@surge-bnn/contract';
import { mostTextPieces, storedKept, storedVocabulary } from '@surge-bnn/runtime';
import type { StoredTensor, TextSource } from '@surge-bnn/runtime';
import type { LayerFate } from '../types.js';
import { lowerText, textParts } from './lower-text.js';
import type { EmbeddingTables } from './lower-text.js';
import { checkTableForm, someRows, storedTable } from './tables.js';
import type { PackTextOptions, ShippableText, TableForm } from './types.js';

export interface PackedTextData {
  readonly source: TextSource;
  readonly layers: readonly LayerFate[];
  /** Which pieces have a vector. */
  readonly kept: readonly boolean[];
}

/** Names of the section's tensors; those of nodes begin with a layer's name. */
const names = {
  vocabulary: 'text.vocabulary',
  kept: 'text.kept',
  words: 'text.words',
  places: 'text.places',
  types: 'text.types',
} as const;

/**
 * Packs without proof.
 *
 * @throws InputError for a network that is none for texts, a tokenizer, an output or a length that does not fit it, and naming the layer that
 * cannot be packed, and why.
 */
export function packText(network: ShippableText, options: PackTextOptions): PackedTextData {
  const { model } = network;
  const { wordPiece, output, pairs, maxLength, tables: form = 'f16' } = options;
  checkTableForm(form);
  checkFit(network, options);
  const kept = keptPieces(options);
  const { floatWeights, layerWeights, allowFloat } = options;
  const lowered = lowerText(model, { floatWeights, layerWeights, allowFloat, length: maxLength });
  const isWhole = kept.every(Boolean);
  const { words, places, types } = lowered.tables;
  const section = new Section(form);
  section.put(names.vocabulary, storedVocabulary(wordPiece.vocabulary));
  if (!isWhole) section.put(names.kept, storedKept(kept));
  const scales = {
    wordScales: section.table(names.words, someRows(words, kept)),
    placeScales: section.table(names.places, someRows(places, maxLength)),
    typeScales: section.table(names.types, someRows(types, pairs ? 2 : 1)),
  };
  const { vocabulary, kept: keptName, ...tables } = names;
  const source: TextSource = {
    plan: {
      output,
      pairs,
      lowerCase: wordPiece.lowerCase,
      maxLength,
      tensors: {
        vocabulary,
        ...(isWhole ? {} : { kept: keptName }),
        ...tables,
        ...(form === 'i8' ? scales : {}),
      },
    },
    body: lowered.graph,
    tensors: joined(section.tensors, lowered.tensors),
    metadata: {},
  };
  return { source, layers: withTables(network, lowered.layers, section.tensors, form), kept };
}

/** The tensors that the section has beside the body's. */
class Section {
  readonly tensors = new Map<string, StoredTensor>();

  constructor(private readonly form: TableForm) {}

  put(name: string, tensor: StoredTensor): void {
    this.tensors.set(name, tensor);
  }

  /** @returns the name of its scales, also where there are none. */
  table(name: string, values: EmbeddingTables['words']): string {
    const { table, scale } = storedTable(values, this.form, `the table "${name}"`);
    this.put(name, table);
    const scaleName = `${name}.scale`;
    if (scale !== undefined) this.put(scaleName, scale);
    return scaleName;
  }
}

/** Which pieces have a vector: those of the texts, and those that every text may need. */
function keptPieces({ keepPieces, wordPiece, maxLength }: PackTextOptions): boolean[] {
  if (keepPieces === undefined) return wordPiece.vocabulary.map(() => true);
  const { unknown, start, separator } = wordPiece.special;
  const used = new Set([unknown, start, separator]);
  for (const { sentence, second } of keepPieces) {
    for (const id of wordPiece.encode(sentence, second, maxLength).ids) used.add(id);
  }
  return wordPiece.vocabulary.map((_, id) => used.has(id));
}

function checkFit(
  { model }: ShippableText,
  { wordPiece, output, pairs, maxLength }: PackTextOptions,
): void {
  const { words, places } = textParts(model);
  wordPiece.mustFit(words.vocabulary);
  const most = Math.min(places.positions, mostTextPieces);
  if (!Number.isInteger(maxLength) || maxLength < 3 || maxLength > most) {
    throw new InputError(
      `maxLength must be a whole number from 3 to ${most}, for which the network has places, got ${maxLength}`,
    );
  }
  if (pairs && places.types < 2) {
    throw new InputError(
      `the network knows ${places.types} kind of pieces, and pairs of sentences need 2`,
    );
  }
  const shape = model.outputs[0].shape;
  const labels = 'classes' in output ? output.classes.length : 1;
  if (shape.length === 2 && shape[1] === labels) return;
  const wanted = 'classes' in output ? `${labels} classes` : 'a score';
  throw new InputError(
    `the network makes [${shape.map((size) => size ?? 'any').join(', ')}], which is not a row of logits for ${wanted}`,
  );
}

function joined(
  section: ReadonlyMap<string, StoredTensor>,
  body: TextSource['tensors'],
): TextSource['tensors'] {
  const twice = [...section.keys()].find((name) => body.has(name));
  if (twice !== undefined)
    throw new InputError(`a layer has a tensor "${twice}"; rename the layer`);
  return new Map([...section, ...body]);
}

/** With the bytes of vocabulary and tables, which no node reads. */
function withTables(
  { model }: ShippableText,
  layers: readonly LayerFate[],
  section: ReadonlyMap<string, StoredTensor>,
  form: TableForm,
): readonly LayerFate[] {
  const { words, places } = textParts(model);
  const bytesOf = (...of: readonly string[]) =>
    of.flatMap((name) => section.get(name) ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0);
  const rowsOf = (name: string) => section.get(name)?.shape[0] ?? 0;
  const scaled = (name: string) => [name, `${name}.scale`];
  const what = { f32: 'float32', f16: 'float16', i8: 'int8, a scale for each row' }[form];
  const fates = layers.map((fate): LayerFate => {
    if (fate.layer === words.name) {
      const remark = `a table of ${rowsOf(names.words)} rows, ${what}`;
      return { ...fate, bytes: bytesOf(...scaled(names.words)), remark };
    }
    if (fate.layer !== places.name) return fate;
    const remark = `tables of ${rowsOf(names.places)} places and ${rowsOf(names.types)} types, ${what}`;
    const bytes = bytesOf(...scaled(names.places), ...scaled(names.types));
    return { ...fate, bytes, remark };
  });
  const vocabulary: LayerFate = {
    layer: 'vocabulary',
    kind: 'WordPiece',
    nodes: [],
    remark: 'the tokenizer, compressed',
    bytes: bytesOf(names.vocabulary, names.kept),
  };
  return [vocabulary, ...fates];
}
