/** The page: a text model, a sentence or two, and what the model says of them while they are typed. */
import { AskingWorker } from '../../shared/asking.js';
import { attempt } from '../../shared/attempt.js';
import { find, setText } from '../../shared/elements.js';
import { onFiles } from '../../shared/files.js';
import { Refusal } from '../../shared/refusal.js';
import { AnswerView } from './answer-view.js';
import type { Loaded, Result, Task } from './protocol.js';

const worker = new AskingWorker<Task, Result>(
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
);
const answer = new AnswerView();
const first = find('first', HTMLTextAreaElement);
const second = find('second', HTMLTextAreaElement);
let model: Loaded | undefined;
/** While the worker reads, only the latest text waits. */
let isReading = false;
let isStale = false;

async function open(name: string, bytes: Uint8Array): Promise<void> {
  const result = await worker.ask({ kind: 'load', name, bytes });
  if (!('loaded' in result)) throw new Error('the worker gave another answer than to load');
  const { loaded } = result;
  const { classes, range, pairs, maxLength, vocabulary, kernels } = loaded;
  model = loaded;
  answer.prepare(loaded);
  const score = range === undefined ? '' : `a score of ${range.least} to ${range.most}`;
  const says = classes?.join(', ') ?? score;
  setText(
    'about',
    `${name} reads ${pairs ? 'pairs of sentences' : 'sentences'} of up to ${maxLength} pieces and says: ${says}.`,
  );
  find('second-field', HTMLElement).hidden = !pairs;
  first.disabled = false;
  second.disabled = !pairs;
  setText('size', `${(bytes.length / 1000).toFixed(1)} kB`);
  setText('vocabulary', `${vocabulary.toLocaleString('en')} pieces`);
  setText('kernels', kernels);
  setText('time', '–');
  await read();
}

/** Until the worker has read what stands in the fields. */
async function read(): Promise<void> {
  if (model === undefined) throw new Refusal('Open a text model first: a *.bnn file.');
  isStale = true;
  if (isReading) return;
  isReading = true;
  try {
    while (isStale) {
      isStale = false;
      const asked: Loaded = model;
      const pair = asked.pairs ? { second: second.value } : {};
      const result = await worker.ask({ kind: 'predict', sentence: first.value, ...pair });
      if (!('said' in result)) throw new Error('the worker gave another answer than to predict');
      // Another model was opened meanwhile, and its answer follows.
      if (asked !== model || isStale) continue;
      answer.show(result.said);
      setText('time', `${result.said.milliseconds.toFixed(2)} ms`);
    }
  } finally {
    isReading = false;
  }
}

for (const field of [first, second]) field.addEventListener('input', () => attempt(read));

onFiles(
  (file) => {
    attempt(async () => open(file.name, new Uint8Array(await file.arrayBuffer())));
  },
  ['model-file'],
);
