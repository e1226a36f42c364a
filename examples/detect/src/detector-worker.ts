/** The worker as the page sees it: promises, answered in the order of the questions. */
import { Refusal } from '../../shared/refusal.js';
import type { Answer, Request } from './protocol.js';

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class DetectorWorker {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly waiting: Waiting[] = [];

  constructor() {
    this.worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      const waiting = this.waiting.shift();
      if (!('failed' in data)) {
        waiting?.resolve(data);
        return;
      }
      const { sentence, refusal } = data.failed;
      waiting?.reject(refusal ? new Refusal(sentence) : new Error(sentence));
    });
    this.worker.addEventListener('error', (event) => {
      const error = new Error(event.message || 'the worker of this page could not be started');
      for (const { reject } of this.waiting.splice(0)) reject(error);
    });
  }

  /** @throws Refusal for what the person before the page can change. */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.worker.postMessage(request);
    });
  }
}
