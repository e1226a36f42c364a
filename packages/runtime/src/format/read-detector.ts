/** From the bytes of a `*.bnn` file to a detector that is known to be sound, as read.ts to a model. */
import { within } from '../model-file-error.js';
import { checkKind, kindOf } from './check-convention.js';
import type { FileKind } from './check-convention.js';
import { checkDetector, checkHasTail } from './check-detector.js';
import { parseJson } from './json.js';
import type { DetectorSource } from './model-source.js';
import { readGraph, readInformation, readTexts } from './read.js';
import { readPlan } from './read-plan.js';
import { checkVersion } from './version.js';

/**
 * The detector that a file holds. Its tensors are views into `bytes`, which must not change while they are used.
 *
 * @throws ModelFileError for whatever docs/format.md does not allow: what, where, and what is allowed.
 */
export function decodeDetector(bytes: Uint8Array): DetectorSource {
  const { tensors, metadata: texts } = readTexts(bytes);
  checkKind(texts, 'detector');
  const json = (key: string, where: string) => parseJson(texts.get(key) ?? '', where);
  const plan = readPlan(json('detector', 'the detector'));
  checkHasTail(plan, texts.has('tail'));
  const parts = {
    body: readGraph(json('graph', 'the graph')),
    tensors,
    metadata: readInformation(texts),
  };
  const source: DetectorSource =
    plan.kind === 'single-shot'
      ? { plan, ...parts }
      : { plan, ...parts, tail: within('the tail', () => readGraph(json('tail', 'the graph'))) };
  for (const graph of [source.body, source.tail]) {
    if (graph !== undefined) checkVersion(texts.get('version'), graph);
  }
  checkDetector(source);
  return source;
}

/**
 * What a file holds, as far as its metadata says; decodeModel, decodeDetector or decodeText read it.
 * @throws ModelFileError where it holds nothing of that.
 */
export function fileKind(bytes: Uint8Array): FileKind {
  return kindOf(readTexts(bytes).metadata);
}
