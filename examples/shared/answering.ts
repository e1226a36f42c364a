/** A worker's side of asking.ts, and what workers that load a file have in common. */
import { ModelFileError } from '@surge-bnn/runtime';
import type { Answer, Question } from './asking.js';
import { Refusal } from './refusal.js';

/** Only where the page is isolated can threads share memory; more than a few wait for each other. */
export const threadsHere = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

/** Answers the page's questions one after the other, as loading takes turns of the event loop. */
export function answering<Task, Result>(work: (task: Task) => Promise<Result> | Result): void {
  let last = Promise.resolve();
  self.addEventListener('message', ({ data }: MessageEvent<Question<Task>>) => {
    last = last.then(async () => {
      self.postMessage(await answerTo(data, work));
    });
  });
}

async function answerTo<Task, Result>(
  { id, task }: Question<Task>,
  work: (task: Task) => Promise<Result> | Result,
): Promise<Answer<Result>> {
  try {
    return { id, result: await work(task) };
  } catch (error) {
    const refusal = error instanceof Refusal || error instanceof ModelFileError;
    const sentence = error instanceof Error ? error.message : String(error);
    return { id, failed: { sentence, refusal } };
  }
}

/** Loads a file. @throws Refusal with its name, where it is damaged or none that can be run. */
export async function opened<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    const end = /[.?]$/.test(error.message) ? '' : '.';
    throw new Refusal(`${name} cannot be run: ${error.message}${end}`, { cause: error });
  }
}
