/**
 * Makes what the contenders of one network load, in a process that ends: the float twin as ONNX, the binary networks as packed files, sentences, and
 * the logits that must come out.
 *
 *   node prepare.mjs '{"network": .., "folder": .., "directory": .., "vocabulary": ..}'
 *
 * Expected logits are those of the packed runtime's reference kernels, of the float twin those of TF.js on our engine.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { exportBertOnnx, packText } from '@surge-bnn/converter';
import { startInputs } from '@surge-bnn/core';
import { useEngine } from '@surge-bnn/engine';
import { textInputs } from '@surge-bnn/language';
import { encodeText } from '@surge-bnn/runtime';
import { PackedText } from '@surge-bnn/runtime/text';
import * as tf from '@tensorflow/tfjs-core';
import { buildNetwork, classes, kinds } from './networks.mjs';
import { maxLength, readSentences } from './sentences.mjs';

const { network, folder, ...where } = JSON.parse(process.argv[2]);
const at = (name) => path.join(folder, name);
/** Sentences of which outputs are compared: the reference kernels are slow. */
const compared = 4;

const { wordPiece, texts, ids, origin } = await readSentences(where);
writeFileSync(at('sentences.json'), JSON.stringify({ texts, ids }));
await useEngine({ backend: 'auto' });
const files = Object.fromEntries(kinds.map((kind) => [kind, prepare(kind)]));
const pieces = ids.reduce((sum, one) => sum + one.length, 0) / ids.length;
process.stdout.write(`${JSON.stringify({ files, sentences: texts.length, pieces, origin })}\n`);

function prepare(kind) {
  const made = buildNetwork(network, kind, wordPiece.size);
  try {
    return kind === 'float' ? float(made) : packed(made, kind);
  } finally {
    made.dispose();
  }
}

function float(made) {
  const file = exportBertOnnx(made, { classes });
  writeFileSync(at('float.onnx'), file);
  expect(
    'float',
    ids.slice(0, compared).flatMap((one) => logitsOf(made, one)),
  );
  return { bytes: file.length };
}

function packed(made, kind) {
  const first = textInputs(batchOf(ids[0]));
  startInputs(made.model, () => made.model.apply(first));
  tf.dispose(first);
  const { source } = packText(made, { wordPiece, output: { classes }, pairs: false, maxLength });
  const bytes = encodeText(source, { compact: true });
  writeFileSync(at(`${kind}.bnn`), bytes);
  const reference = PackedText.fromBytes(bytes, { kernels: 'reference' });
  expect(
    kind,
    ids
      .slice(0, compared)
      .flatMap((one) => [...reference.logitsOf({ ids: one, first: one.length })]),
  );
  const tables = reference.describe().tables.reduce((sum, table) => sum + table.bytes, 0);
  reference.close();
  return { bytes: bytes.length, tableBytes: tables };
}

/** Logits that are the same for two sentences would compare nothing. */
function expect(kind, logits) {
  const each = classes.length;
  if (logits.slice(0, each).every((value, i) => value === logits[each + i])) {
    throw new Error(
      `${network}, ${kind}: two sentences have the same logits; nothing could be compared`,
    );
  }
  writeFileSync(at(`${kind}.expected.f32`), Float32Array.from(logits));
}

function batchOf(text) {
  const length = text.length;
  const [types, mask] = [new Int32Array(length), new Int32Array(length).fill(1)];
  return { ids: Int32Array.from(text), types, mask, count: 1, length };
}

function logitsOf({ model }, text) {
  return tf.tidy(() => [...model.apply(textInputs(batchOf(text)), { training: false }).dataSync()]);
}
