/** The worker as the page sees it: a model that is loaded, and run. */
import type { Loaded, Outputs, Result, Task } from './protocol.js';
import { AskingWorker } from '../../shared/asking.js';

export class ModelWorker {
  private readonly worker = new AskingWorker<Task, Result>(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
  );

  /** @throws Refusal when the file is no model, or none for pictures; then the model before it stays. */
  async load(name: string, bytes: Uint8Array): Promise<Loaded> {
    const answer = await this.worker.ask({ kind: 'load', name, bytes });
    if ('loaded' in answer) return answer.loaded;
    throw new Error('the worker gave another answer than to load');
  }

  /** One picture through the model that was loaded last. */
  async run(input: Uint8Array, timed: boolean): Promise<Outputs> {
    const answer = await this.worker.ask({ kind: 'run', input, timed });
    if ('ran' in answer) return answer.ran;
    throw new Error('the worker gave another answer than to run');
  }
}
