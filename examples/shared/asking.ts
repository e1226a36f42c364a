/** A worker as its page sees it: promises. Every question has a number, and every answer that of its question. */
import { Refusal } from './refusal.js';

export interface Question<Task> {
  readonly id: number;
  readonly task: Task;
}

export type Answer<Result> =
  | { readonly id: number; readonly result: Result }
  /** `sentence` is for the person before the page where it is a refusal, else it tells of a defect. */
  | {
      readonly id: number;
      readonly failed: { readonly sentence: string; readonly refusal: boolean };
    };

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class AskingWorker<Task, Result> {
  private readonly waiting = new Map<number, Waiting<Result>>();
  private last = 0;

  /** @param worker answers by `answering` of answering.ts. */
  constructor(private readonly worker: Worker) {
    worker.addEventListener('message', ({ data }: MessageEvent<Answer<Result>>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (!('failed' in data)) waiting?.resolve(data.result);
      else {
        const { sentence, refusal } = data.failed;
        waiting?.reject(refusal ? new Refusal(sentence) : new Error(sentence));
      }
    });
    worker.addEventListener('error', (event) => {
      const error = new Error(event.message || 'the worker of this page could not be started');
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    });
  }

  /** @throws Refusal for what the person before the page can change. */
  ask(task: Task): Promise<Result> {
    this.last += 1;
    const question: Question<Task> = { id: this.last, task };
    return new Promise((resolve, reject) => {
      this.waiting.set(question.id, { resolve, reject });
      this.worker.postMessage(question);
    });
  }
}
