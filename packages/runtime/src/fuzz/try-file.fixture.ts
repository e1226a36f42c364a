/** What becomes of a file that may be damaged: refused, or loaded, run, and held to the reference. Anything else is a mistake. */
import { PackedDetector } from '../detector/packed-detector.js';
import type { LoadOptions } from '../execute/load-options.js';
import { PackedModel } from '../execute/packed-model.js';
import { decodeModel } from '../format/read.js';
import { decodeDetector, fileKind } from '../format/read-detector.js';
import { decodeText } from '../format/read-text.js';
import { encodeDetector, encodeModel, encodeText } from '../format/write.js';
import { load } from '../load.js';
import { loadDetector } from '../load-detector.js';
import { ModelFileError, ModelMemoryError } from '../model-file-error.js';
import { loadText } from '../text/load-text.js';
import { PackedText } from '../text/packed-text.js';

/** Refused as a file; a model that is not run, for want of memory or for a NaN; a model that ran. */
export type Outcome = 'refused' | 'not run' | 'ran';

/** A model, detector or text model, as far as it is tried. */
interface Loaded {
  /** Numbers that it gives for one example or picture. */
  run(): Float32Array;
  close(): void;
}

/** One kind of file. */
interface Kind {
  /** Reads it and writes it again. */
  rewritten(bytes: Uint8Array): Uint8Array;
  load(bytes: Uint8Array, options: LoadOptions): Promise<Loaded>;
  /** Without threads. */
  from(bytes: Uint8Array, options: LoadOptions): Loaded;
}

const kinds: Readonly<Record<ReturnType<typeof fileKind>, Kind>> = {
  model: {
    rewritten: (bytes) => encodeModel(decodeModel(bytes)),
    load: async (bytes, options) => ofModel(await load(bytes, options)),
    from: (bytes, options) => ofModel(PackedModel.fromBytes(bytes, options)),
  },
  detector: {
    rewritten: (bytes) => encodeDetector(decodeDetector(bytes)),
    load: async (bytes, options) => ofDetector(await loadDetector(bytes, options)),
    from: (bytes, options) => ofDetector(PackedDetector.fromBytes(bytes, options)),
  },
  text: {
    rewritten: (bytes) => encodeText(decodeText(bytes)),
    load: async (bytes, options) => ofText(await loadText(bytes, options)),
    from: (bytes, options) => ofText(PackedText.fromBytes(bytes, options)),
  },
};

function ofModel(model: PackedModel): Loaded {
  const elements = model.inputShape.reduce((product, size) => product * size, 1);
  const x = Float32Array.from({ length: elements }, (_, i) => ((i * 7) % 11) - 5);
  return { run: () => model.run(x), close: () => model.close() };
}

function ofDetector(detector: PackedDetector): Loaded {
  const [width, height] = [11, 9];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37) % 256);
  return {
    run: () => {
      const { boxes, scores, classes } = detector.detect({ data, width, height, channels: 3 });
      return Float32Array.of(...boxes, ...scores, ...classes);
    },
    close: () => detector.close(),
  };
}

function ofText(packed: PackedText): Loaded {
  const second = packed.pairs ? 'un' : undefined;
  return {
    run: () => {
      const logits = ['', 'The unaffable cats', 'cat '.repeat(200)].map((sentence) =>
        packed.logits(sentence, second),
      );
      return Float32Array.of(...logits.flatMap((one) => [...one]));
    },
    close: () => packed.close(),
  };
}

/**
 * Reads a file, writes and reads it again, loads it with these options and runs it on one example; and where the options ask for other
 * kernels than the reference, on the reference, too.
 *
 * @throws whatever is thrown that is no ModelFileError, and an Error when the file changes by being written, when it is
 *   not loaded for another reason than memory, or when the kernels give other bits than the reference, or refuse what it runs.
 */
export async function tryFile(bytes: Uint8Array, options: LoadOptions): Promise<Outcome> {
  const kind = refusing(() => kinds[fileKind(bytes)]);
  if (kind instanceof ModelFileError) return 'refused';
  const written = refusing(() => kind.rewritten(bytes));
  if (written instanceof ModelFileError) return 'refused';
  if (Buffer.compare(kind.rewritten(written), written) !== 0) {
    throw new Error('what is written of the model changes when it is read and written again');
  }
  const model = await loaded(kind, bytes, options);
  if (model instanceof ModelMemoryError) return 'not run';
  if (model instanceof ModelFileError) {
    throw new Error(`what was read and written is not loaded: ${inWords(model)}`);
  }
  try {
    const outputs = refusing(() => model.run());
    if (options.arithmetic !== 'fast') holdToReference(kind, bytes, options, outputs);
    return outputs instanceof ModelFileError ? 'not run' : 'ran';
  } finally {
    model.close();
  }
}

function holdToReference(
  kind: Kind,
  bytes: Uint8Array,
  { maxMemoryBytes, kernels }: LoadOptions,
  outputs: Float32Array | ModelFileError,
): void {
  if (kernels === 'reference') return;
  const options = { maxMemoryBytes, kernels: 'reference' } as const;
  const reference = refusing(() => kind.from(bytes, options));
  // It may need more memory than the other kernels.
  if (reference instanceof ModelMemoryError) return;
  if (reference instanceof ModelFileError) {
    throw new Error(`the kernels load it, the reference says ${inWords(reference)}`);
  }
  const expected = refusing(() => reference.run());
  const [one, other] = [expected, outputs].map((said) => said instanceof ModelFileError);
  // A detector takes memory with each size of pictures, a text model with each length of texts.
  const isShort = [expected, outputs].some((said) => said instanceof ModelMemoryError);
  if (isShort && kind !== kinds.model) return;
  if (one !== other) {
    throw new Error(`the kernels gave ${inWords(outputs)}, the reference ${inWords(expected)}`);
  }
  if (expected instanceof ModelFileError || outputs instanceof ModelFileError) return;
  const at = expected.findIndex((value, i) => !Object.is(value, outputs[i]));
  if (at === -1) return;
  throw new Error(`output ${at} is ${outputs[at]}; the reference gives ${expected[at]}`);
}

function inWords(outcome: Float32Array | ModelFileError): string {
  return outcome instanceof ModelFileError ? `"${outcome.message}"` : 'outputs';
}

/** What a function gives, or the ModelFileError that it throws. */
function refusing<T>(compute: () => T): T | ModelFileError {
  try {
    return compute();
  } catch (error) {
    if (error instanceof ModelFileError) return error;
    throw error;
  }
}

async function loaded(
  kind: Kind,
  bytes: Uint8Array,
  options: LoadOptions,
): Promise<Loaded | ModelFileError> {
  try {
    return await kind.load(bytes, options);
  } catch (error) {
    if (error instanceof ModelFileError) return error;
    throw error;
  }
}
