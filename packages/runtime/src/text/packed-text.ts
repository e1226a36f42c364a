/** A packed text model that is ready to run: sentences in, classes or scores out, in Node and in a page. */
import { typeText } from '../arrays.js';
import { describeNodes } from '../execute/describe.js';
import type { NodeDescription } from '../execute/describe.js';
import { defaultMemoryBytes } from '../execute/load-options.js';
import type { LoadOptions } from '../execute/load-options.js';
import { checkText, fewestPieces } from '../format/check-text.js';
import { quote } from '../format/json.js';
import type { ModelMetadata, TextSource } from '../format/model-source.js';
import { decodeText } from '../format/read-text.js';
import { readVocabulary, rowsOf } from '../format/vocabulary.js';
import { softmax } from '../kernels/elementwise.js';
import { ModelFileError } from '../model-file-error.js';
import { BodyPlans } from './body-plans.js';
import { describeTables, Embeddings } from './embeddings.js';
import type { TableDescription, TextIds } from './embeddings.js';
import type { TextPlan } from './plan.js';
import { WordPiece } from './word-piece.js';
import type { EncodedText } from './word-piece.js';

/** A text as the model reads it. */
export interface ReadText extends EncodedText {
  /** How many pieces are [UNK]: words of other scripts, and pieces that the file was made without. */
  readonly unknown: number;
}

interface Predicted {
  /** What the body makes. */
  readonly logits: Float32Array;
  /** How many pieces the model has read, special ones with them. */
  readonly pieces: number;
  /** How many did not fit into its longest text and were cut off. */
  readonly cut: number;
  /** How many of those that were read are [UNK]. */
  readonly unknown: number;
}

/** What a classifier says. */
export interface PredictedClass extends Predicted {
  /** Name of the most probable class, of equally probable ones the first. */
  readonly class: string;
  /** Its place in the model's `classes`. */
  readonly index: number;
  /** Of each class: the softmax of the logits, float32. */
  readonly probabilities: readonly number[];
}

/** What a model of scores says. */
export interface PredictedScore extends Predicted {
  /** The logit, limited to the range of the scores. */
  readonly score: number;
}

/** Plain data: can be printed as JSON. */
export interface TextDescription {
  /** What computes: "wasm", "reference". */
  readonly kernels: string;
  /** With the shapes that they have for the longest text. */
  readonly body: readonly NodeDescription[];
  /** The vocabulary and the tables of vectors. */
  readonly tables: readonly TableDescription[];
  /** Memory of all lengths of texts that are ready now. */
  readonly memoryBytes: number;
}

export class PackedText {
  /** Names of the classes; undefined for a model of scores. */
  readonly classes: readonly string[] | undefined;
  /** Ends of the scores; undefined for a classifier. */
  readonly range: { readonly least: number; readonly most: number } | undefined;
  /** Reads two sentences. */
  readonly pairs: boolean;
  /** Most pieces of a text or pair, special ones with them. */
  readonly maxLength: number;
  readonly plan: TextPlan;
  readonly metadata: ModelMetadata;
  /** The tokenizer in the file. */
  readonly wordPiece: WordPiece;
  private readonly rows: Int32Array;
  private readonly embeddings: Embeddings;
  private readonly plans: BodyPlans;
  private readonly kernels: string;
  private isClosed = false;

  /** @param source in which nothing was found wrong. */
  private constructor(
    private readonly source: TextSource,
    options: LoadOptions = {},
    private readonly onClose?: () => void,
  ) {
    const { plan, tensors, metadata } = source;
    const { output } = plan;
    this.plan = plan;
    this.metadata = metadata;
    this.classes = 'classes' in output ? output.classes : undefined;
    this.range = 'classes' in output ? undefined : output;
    this.pairs = plan.pairs;
    this.maxLength = plan.maxLength;
    const { vocabulary, kept } = plan.tensors;
    const pieces = readVocabulary(stored(tensors, vocabulary));
    this.wordPiece = new WordPiece(pieces, { lowerCase: plan.lowerCase });
    this.rows = rowsOf(pieces.length, kept === undefined ? undefined : stored(tensors, kept));
    this.embeddings = new Embeddings(source, this.rows);
    this.plans = new BodyPlans(source, options, options.maxMemoryBytes ?? defaultMemoryBytes);
    this.kernels = this.plans.of(plan.maxLength).kernels;
  }

  /**
   * Prepares a text model; `source` must not change while it is used.
   *
   * @throws ModelFileError when the source makes no sense, or needs more memory than allowed for its longest text.
   */
  static from(source: TextSource, options?: LoadOptions): PackedText {
    checkText(source);
    return new PackedText(source, options);
  }

  /**
   * The text model of a `*.bnn` file whose bytes are there already, and must not change while it is used.
   *
   * @param onClose lets go, at `close`, what was taken for it.
   * @throws ModelFileError as decodeText does, or when the model needs more memory than allowed.
   */
  static fromBytes(bytes: Uint8Array, options?: LoadOptions, onClose?: () => void): PackedText {
    return new PackedText(decodeText(bytes), options, onClose);
  }

  /**
   * What the model says of a sentence, or of a pair. The same bits everywhere.
   *
   * @param second of pairs, and of nothing else.
   * @throws ModelFileError for what is no text, a second one too many or too few, and for numbers that overflow.
   */
  predict(sentence: string, second?: string): PredictedClass | PredictedScore {
    const text = this.encode(sentence, second);
    const logits = this.logitsOf(text);
    const { ids, cut, unknown } = text;
    const common = { logits, pieces: ids.length, cut, unknown };
    if (this.classes === undefined) {
      const { least, most } = this.range ?? { least: -Infinity, most: Infinity };
      return { score: Math.min(most, Math.max(least, logits[0])), ...common };
    }
    const probabilities = new Float32Array(logits.length);
    softmax(logits, 0, logits.length, probabilities);
    const index = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    return {
      class: this.classes[index],
      index,
      probabilities: Array.from(probabilities),
      ...common,
    };
  }

  /**
   * The pieces that the model reads of a text: at most `maxLength`, those without a row as [UNK].
   *
   * @throws ModelFileError as predict, but for numbers.
   */
  encode(sentence: string, second?: string): ReadText {
    checkTexts(sentence, second, this.pairs);
    const { ids, first, cut } = this.wordPiece.encode(sentence, second, this.maxLength);
    const { unknown: other } = this.wordPiece.special;
    const read = ids.map((id) => (this.rows[id] < 0 ? other : id));
    return { ids: read, first, cut, unknown: read.filter((id) => id === other).length };
  }

  /** The numbers behind a prediction: a logit of each class, or the one score. @throws ModelFileError as predict. */
  logits(sentence: string, second?: string): Float32Array {
    return this.logitsOf(this.encode(sentence, second));
  }

  /**
   * The same of a text whose pieces are known, as those of a training set.
   *
   * @throws ModelFileError for no pieces or too many, an id that the vocabulary has not or that has no row, and for numbers that overflow.
   */
  logitsOf(text: TextIds): Float32Array {
    if (this.isClosed) throw new ModelFileError('the text model was closed');
    this.checkIds(text);
    const body = this.plans.of(text.ids.length);
    this.embeddings.write(text, body.input);
    body.run();
    const logits = Float32Array.from(body.outputs[0]);
    const wrong = logits.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return logits;
    throw new ModelFileError(
      `the text model overflows: logit ${wrong} at ${quote(this.source.body.outputs[0])} is ${logits[wrong]}`,
    );
  }

  /** What became of every layer: kernels, types and shapes of all edges, bytes; the tables. */
  describe(): TextDescription {
    const { body, tensors } = this.source;
    return {
      kernels: this.kernels,
      body: describeNodes({ graph: body, tensors }),
      tables: describeTables(this.source),
      memoryBytes: this.plans.bytes,
    };
  }

  /** Lets memory and threads go; the model cannot run any more. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.plans.close();
    this.onClose?.();
  }

  private checkIds({ ids, first }: TextIds): void {
    const fewest = fewestPieces(this.plan);
    if (!(ids.length >= fewest && ids.length <= this.maxLength)) {
      throw new ModelFileError(
        `a text has ${quote(ids.length)} pieces; allowed: ${fewest} to ${this.maxLength}, [CLS] and [SEP] with them`,
      );
    }
    const least = this.pairs ? 1 : ids.length;
    if (!Number.isInteger(first) || first < least || first > ids.length) {
      throw new ModelFileError(
        `of a text of ${ids.length} pieces ${quote(first)} are the first sentence's; allowed: ${least} to ${ids.length}`,
      );
    }
    for (let at = 0; at < ids.length; at++) {
      if (this.rows[ids[at]] >= 0) continue;
      throw new ModelFileError(
        `piece ${at} of a text has the id ${quote(ids[at])}; allowed: 0 to ${this.rows.length - 1}, of pieces that have a row in the file`,
      );
    }
  }
}

function stored(tensors: TextSource['tensors'], name: string) {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`a tensor "${name}" that is not there was not refused`);
  return tensor;
}

function checkTexts(sentence: unknown, second: unknown, pairs: boolean): void {
  if (typeof sentence !== 'string' || (second !== undefined && typeof second !== 'string')) {
    const given = typeof sentence === 'string' ? second : sentence;
    throw new ModelFileError(`a text is a string; got ${typeText(given)}`);
  }
  if (pairs === (second !== undefined)) return;
  throw new ModelFileError(
    pairs
      ? 'the model reads pairs of sentences; got one'
      : 'the model reads one sentence at a time; got two',
  );
}
