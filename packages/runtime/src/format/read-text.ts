/** From the bytes of a `*.bnn` file to a text model that is known to be sound, as read.ts to a model. */
import { checkKind } from './check-convention.js';
import { checkText } from './check-text.js';
import { parseJson } from './json.js';
import type { TextSource } from './model-source.js';
import { readGraph, readInformation, readTexts } from './read.js';
import { readTextPlan } from './read-text-plan.js';

/**
 * The text model that a file holds. Its tensors are views into `bytes`, which must not change while they are used.
 *
 * @throws ModelFileError for whatever docs/format.md does not allow: what, where, and what is allowed.
 */
export function decodeText(bytes: Uint8Array): TextSource {
  const { tensors, metadata: texts } = readTexts(bytes);
  checkKind(texts, 'text');
  const json = (key: string, where: string) => parseJson(texts.get(key) ?? '', where);
  const source: TextSource = {
    plan: readTextPlan(json('text', 'the text model')),
    body: readGraph(json('graph', 'the graph')),
    tensors,
    metadata: readInformation(texts),
  };
  checkText(source);
  return source;
}
