/** Seconds of this process: per epoch, how many of them went into evaluation, and an estimate of those left. */

export interface Lap {
  /** Since the last lap. */
  readonly seconds: number;
  /** Those without evaluation: what a budget of training time counts. */
  readonly training: number;
}

export class Clock {
  private readonly start = performance.now();
  private lapStart = this.start;
  private evaluated = 0;

  constructor(private readonly firstStep: number) {}

  /** Runs an evaluation; its time is told apart in the lap. */
  async evaluating<T>(work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await work();
    } finally {
      this.evaluated += performance.now() - begin;
    }
  }

  lap(): Lap {
    const now = performance.now();
    const seconds = (now - this.lapStart) / 1000;
    const training = seconds - this.evaluated / 1000;
    this.lapStart = now;
    this.evaluated = 0;
    return { seconds, training };
  }

  secondsLeft(step: number, of: number): number {
    const perStep = (performance.now() - this.start) / 1000 / (step - this.firstStep);
    return perStep * (of - step);
  }
}
