/** The worker as the page sees it: promises. */
import type { Answer, Loaded, Outputs, Request, Task } from './protocol.js';
import { Refusal } from '../../shared/refusal.js';

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class ModelWorker {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor() {
    this.worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (!('failed' in data)) waiting?.resolve(data);
      else {
        const { sentence, refusal } = data.failed;
        waiting?.reject(refusal ? new Refusal(sentence) : new Error(sentence));
      }
    });
    this.worker.addEventListener('error', (event) => {
      const error = new Error(event.message || 'the worker of this page could not be started');
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    });
  }

  /** @throws Refusal when the file is no model, or none for pictures; then the model before it stays. */
  async load(name: string, bytes: Uint8Array): Promise<Loaded> {
    const answer = await this.ask({ kind: 'load', name, bytes });
    if ('loaded' in answer) return answer.loaded;
    throw new Error('the worker gave another answer than to load');
  }

  /** One picture through the model that was loaded last. */
  async run(input: Uint8Array, timed: boolean): Promise<Outputs> {
    const answer = await this.ask({ kind: 'run', input, timed });
    if ('ran' in answer) return answer.ran;
    throw new Error('the worker gave another answer than to run');
  }

  private ask(task: Task): Promise<Answer> {
    this.last += 1;
    const request: Request = { id: this.last, task };
    return new Promise((resolve, reject) => {
      this.waiting.set(request.id, { resolve, reject });
      this.worker.postMessage(request);
    });
  }
}
