/** Pause, continue and stop, as the training loop meets them between two steps. */
export class Control {
  private wantsStop = false;
  private pausedUntil: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private pausedMilliseconds = 0;
  private readonly begin = performance.now();

  get stopped(): boolean {
    return this.wantsStop;
  }

  get paused(): boolean {
    return this.pausedUntil !== undefined;
  }

  /** Since the beginning, pauses left out. */
  get seconds(): number {
    return (performance.now() - this.begin - this.pausedMilliseconds) / 1000;
  }

  pause(): void {
    this.pausedUntil ??= new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  continue(): void {
    this.wake?.();
    this.pausedUntil = undefined;
  }

  /** Ends a pause, too. */
  stop(): void {
    this.wantsStop = true;
    this.continue();
  }

  /** Comes back when there is no pause. */
  async whilePaused(): Promise<void> {
    const start = performance.now();
    while (this.pausedUntil !== undefined) await this.pausedUntil;
    this.pausedMilliseconds += performance.now() - start;
  }
}
