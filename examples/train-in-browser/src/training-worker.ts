/** The worker as the page sees it: reports come in, orders go out, and its end is told. */
import { whenGone } from './life.js';
import type { Order, Report } from './protocol.js';

/** A worker that is asked to stop answers between two steps. One that does not in this time hangs. */
const patienceMilliseconds = 30_000;

export interface Listener {
  readonly onReport: (report: Report) => void;
  /** It is gone, or was given up, for a reason in words; no report comes any more. */
  readonly onEnd: (reason: string) => void;
}

let count = 0;

export class TrainingWorker {
  private readonly worker: Worker;
  private readonly name = `surge-training-${crypto.getRandomValues(new Uint32Array(2)).join('-')}-${(count += 1)}`;
  private readonly watch = new AbortController();
  private patience: number | undefined;
  private ended = false;

  constructor(private readonly listener: Listener) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), {
      type: 'module',
      name: this.name,
    });
    this.worker.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      if (this.ended) return;
      if (data.kind === 'ready') this.watchLife();
      else if (answersStop(data)) window.clearTimeout(this.patience);
      this.listener.onReport(data);
    });
    this.worker.addEventListener('error', (event) => {
      // An error that names no script is one of loading it.
      this.end(event.message || 'its script could not be loaded');
    });
    this.worker.postMessage({ base: document.baseURI });
  }

  send(order: Order): void {
    this.worker.postMessage(order);
    if (order.kind !== 'stop' && order.kind !== 'start') return;
    window.clearTimeout(this.patience);
    if (order.kind === 'start') return;
    this.patience = window.setTimeout(() => {
      this.end('it did not stop when it was asked to');
    }, patienceMilliseconds);
  }

  private watchLife(): void {
    const gone = () => {
      this.end('the browser ended it, perhaps because the memory was full');
    };
    whenGone(this.name, gone, this.watch.signal);
  }

  private end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    window.clearTimeout(this.patience);
    this.watch.abort();
    this.worker.terminate();
    this.listener.onEnd(reason);
  }
}

/** A training that is packed, is over or has failed does not hang. */
function answersStop({ kind }: Report): boolean {
  return kind === 'packing' || kind === 'done' || kind === 'failed';
}
