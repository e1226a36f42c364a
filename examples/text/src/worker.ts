/** The Web Worker: holds the text model and runs it, so that typing never waits. A file that is refused leaves the one before it. */
import { loadText } from '@surge-bnn/runtime/text';
import type { PackedText } from '@surge-bnn/runtime/text';
import { answering, opened, threadsHere } from '../../shared/answering.js';
import { Refusal } from '../../shared/refusal.js';
import type { Loaded, Result, Said, Task } from './protocol.js';

let model: PackedText | undefined;

answering<Task, Result>(async (task) =>
  task.kind === 'load' ? { loaded: await load(task) } : { said: predict(task) },
);

async function load({ name, bytes }: Extract<Task, { kind: 'load' }>): Promise<Loaded> {
  const loading = await opened(name, () => loadText(bytes, { threads: threadsHere }));
  model?.close();
  model = loading;
  const { classes, range, pairs, maxLength, wordPiece } = loading;
  const { kernels } = loading.describe();
  return { classes, range, pairs, maxLength, kernels, vocabulary: wordPiece.size };
}

function predict({ sentence, second }: Extract<Task, { kind: 'predict' }>): Said {
  if (model === undefined) throw new Refusal('Open a text model first.');
  const { wordPiece } = model;
  const start = performance.now();
  const prediction = model.predict(sentence, second);
  const milliseconds = performance.now() - start;
  const { ids } = model.encode(sentence, second);
  return { prediction, milliseconds, pieces: ids.map((id) => wordPiece.vocabulary[id]) };
}
