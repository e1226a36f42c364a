/**
 * The file of the Universal Sentence Encoder Lite: its sizes, and its tensors as a network has them. There linear weights are [in, out], with query,
 * key and value side by side in one; in a network's files they are [out, in] and three, as a BERT's.
 */
import { InputError } from '@surge-bnn/contract';
import { loadTensors, type Loaded } from '../weights/load.js';
import { floatsOf, type Stored, type Weights } from '../weights/safetensors.js';
import type { SentenceNetwork } from './network.js';
import { sentenceDefaults, type SentenceSizes } from './options.js';

type File = ReadonlyMap<string, Stored>;

const TIMESCALES = 'position.inv_timescale';
const EMBEDDINGS = 'embeddings.weight';
const OPERANDS = ['query', 'key', 'value'] as const;

/**
 * The sizes of a file's network, for `sentenceNetwork`.
 *
 * @param stored the tensors of the file, `readSafetensors`. @param where names it in messages.
 * @throws InputError for a tensor that is missing or of a wrong shape.
 */
export function sentenceSizes(stored: File, where = 'the weights'): SentenceSizes {
  const [vocabulary, width] = shapeOf(stored, EMBEDDINGS, 2, where);
  const widths = [width];
  const ffns: number[] = [];
  for (let i = 0; stored.has(`layer${i}.attn.qkv.weight`); i++) {
    widths.push(shapeOf(stored, `layer${i}.attn.out.weight`, 2, where)[1]);
    ffns.push(shapeOf(stored, `layer${i}.ffn.conv1.weight`, 2, where)[1]);
  }
  if (ffns.length === 0) throw missing('layer0.attn.qkv.weight', where);
  const [ffn] = ffns;
  const [vector] = shapeOf(stored, 'pool.dense.bias', 1, where);
  const sizes = { vocabulary, widths, heads: sentenceDefaults.heads, ffn, vector };
  checkShapes(stored, sizes, where);
  const timescales = [...floatsOf(tensor(stored, TIMESCALES, where), TIMESCALES, where).values];
  return { ...sizes, timescales };
}

/**
 * Loads the file into a network of its sizes; a classifier, which the file has not, keeps its initial values, and so do binarizers' own numbers. Nothing is
 * changed when anything does not fit.
 *
 * @throws InputError as `sentenceSizes`, and for a network of other sizes.
 */
export function loadSentenceWeights(
  network: SentenceNetwork,
  stored: File,
  where = 'the weights',
): Loaded {
  const { widths, ffn, vector, timescales } = sentenceSizes(stored, where);
  const { options } = network;
  const own = [options.widths, [options.ffn, options.vector], options.timescales];
  const found = [widths, [ffn, vector], timescales];
  if (JSON.stringify(own) !== JSON.stringify(found)) {
    throw new InputError(
      `${where}: the network has other sizes or timescales than the file; build it with those of sentenceSizes`,
    );
  }
  return loadTensors(network, networkTensors(stored, where), { head: 'new', where });
}

/** Each tensor of the file by the network's names, linear weights turned round. */
function networkTensors(stored: File, where: string): Map<string, Stored | Weights> {
  const tensors = new Map<string, Stored | Weights>();
  for (const [name, one] of stored) {
    if (name === TIMESCALES) continue;
    const isLinear = one.shape.length === 2 && name !== EMBEDDINGS;
    if (!isLinear && !name.endsWith('.qkv.bias')) {
      tensors.set(name, one);
      continue;
    }
    const weights = floatsOf(one, name, where);
    if (!/\.qkv\.(weight|bias)$/.test(name)) {
      tensors.set(name, turned(weights));
      continue;
    }
    OPERANDS.forEach((operand, i) => {
      const part = third(weights, i);
      const own = name.replace('.qkv.', `.${operand}.`);
      tensors.set(own, isLinear ? turned(part) : part);
    });
  }
  return tensors;
}

/** @throws InputError for a tensor whose shape is not what the others ask for. */
function checkShapes(
  stored: File,
  { widths, ffn, vector }: Omit<SentenceSizes, 'timescales'>,
  where: string,
): void {
  const must = (name: string, shape: readonly number[]) => {
    const found = tensor(stored, name, where).shape;
    if (found.join() === shape.join()) return;
    throw new InputError(
      `${where}: "${name}" has the shape [${found}], but the network needs [${shape}]`,
    );
  };
  const linear = (name: string, inputs: number, out: number) => {
    must(`${name}.weight`, [inputs, out]);
    must(`${name}.bias`, [out]);
  };
  must(TIMESCALES, [widths[0] / 2]);
  widths.slice(1).forEach((out, i) => {
    const name = `layer${i}`;
    const width = widths[i];
    for (const [norm, size] of [['attn_norm', width] as const, ['ffn_norm', out] as const]) {
      must(`${name}.${norm}.weight`, [size]);
      must(`${name}.${norm}.bias`, [size]);
    }
    linear(`${name}.attn.qkv`, width, 3 * width);
    linear(`${name}.attn.out`, width, out);
    linear(`${name}.ffn.conv1`, out, ffn);
    linear(`${name}.ffn.conv2`, ffn, out);
    const shortcut = `${name}.residual_dense`;
    if (width !== out) linear(shortcut, width, out);
    else if (stored.has(`${shortcut}.weight`)) {
      throw new InputError(
        `${where}: "${shortcut}" is there, but the width ${width} does not change, and such a shortcut is the input itself`,
      );
    }
  });
  linear('pool.dense', widths[widths.length - 1], vector);
}

function missing(name: string, where: string): InputError {
  return new InputError(`${where}: the tensor "${name}" is missing`);
}

function tensor(stored: File, name: string, where: string): Stored {
  const found = stored.get(name);
  if (found === undefined) throw missing(name, where);
  return found;
}

function shapeOf(stored: File, name: string, rank: number, where: string): readonly number[] {
  const { shape } = tensor(stored, name, where);
  if (shape.length === rank) return shape;
  throw new InputError(`${where}: "${name}" must have ${rank} axes, got [${shape}]`);
}

/** The i-th third of the last axis. */
function third({ shape, values }: Weights, i: number): Weights {
  const columns = shape[shape.length - 1];
  const each = columns / 3;
  const own = Float32Array.from(
    { length: values.length / 3 },
    (_, k) => values[Math.floor(k / each) * columns + i * each + (k % each)],
  );
  return { shape: [...shape.slice(0, -1), each], values: own };
}

/** [in, out] to [out, in]. */
function turned({ shape, values }: Weights): Weights {
  const [inputs, out] = shape;
  const own = new Float32Array(values.length);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < out; o++) own[o * inputs + i] = values[i * out + o];
  return { shape: [out, inputs], values: own };
}
