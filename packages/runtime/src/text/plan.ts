/**
 * What a text model's file says besides its graph: how a text becomes pieces, where their vectors stand, and what the numbers at the end
 * mean. docs/format.md specifies it for strangers. Types only.
 */

/** Names of the classes that the outputs are logits of; or the ends of the scores that the one output is. */
export type TextOutput =
  { readonly classes: readonly string[] } | { readonly least: number; readonly most: number };

/** Names of the file's tensors by what they are for. W is the width of a vector, V the number of pieces, R that of pieces with a row. */
export interface TextTensors {
  /** U8 [n]: the pieces as text, a line each, as an LZ4 block. */
  readonly vocabulary: string;
  /** U8 [ceil(V / 8)]: which pieces have a row; the others become [UNK]. Absent: all have one, R is V. */
  readonly kept?: string;
  /** F32, F16 or I8 [R, W]: the vectors of pieces. */
  readonly words: string;
  /** With I8, F32 [R]: what a row's integers are multiplied by. */
  readonly wordScales?: string;
  /** F32, F16 or I8 [maxLength, W]: those of places in a text. */
  readonly places: string;
  readonly placeScales?: string;
  /** F32, F16 or I8, [2, W] where pairs are read, else [1, W]: those of the first sentence and of the second. */
  readonly types: string;
  readonly typeScales?: string;
}

export interface TextPlan {
  readonly output: TextOutput;
  /** Reads two sentences instead of one. */
  readonly pairs: boolean;
  /** Texts are made lower case, and accents go. */
  readonly lowerCase: boolean;
  /** Most pieces of a text or pair, [CLS] and [SEP] with them. */
  readonly maxLength: number;
  readonly tensors: TextTensors;
}

/** Every role. */
export const textRoles: readonly (keyof TextTensors)[] = [
  ...(['vocabulary', 'kept', 'words', 'wordScales'] as const),
  ...(['places', 'placeScales', 'types', 'typeScales'] as const),
];

/** The three tables, with the role of their scales. */
export const textTables = [
  ['words', 'wordScales'],
  ['places', 'placeScales'],
  ['types', 'typeScales'],
] as const;
