/** What an epoch's training batches come to: plain data for checkpoints, means for metrics. */
import type { CheckpointState } from './checkpoint/checkpoint.js';
import type { StepResult } from './trainer.js';

/** Means over the pictures of the running epoch so far. */
export interface Running {
  readonly loss: number;
  /** Absent where a picture has no class. */
  readonly accuracy?: number;
  /** Of the loss's parts, where it has some. */
  readonly parts?: Readonly<Record<string, number>>;
}

export class RunningMeans {
  private sums: CheckpointState['sums'] = zero;

  /** @param count pictures of the step's batch. */
  add({ loss, correct, parts }: StepResult, count: number): void {
    const { sums } = this;
    const before = sums.parts ?? {};
    this.sums = {
      loss: sums.loss + loss * count,
      ...(correct === undefined ? {} : { correct: (sums.correct ?? 0) + correct }),
      seen: sums.seen + count,
      ...(parts === undefined
        ? {}
        : { parts: mapped(parts, (value, name) => (before[name] ?? 0) + value * count) }),
    };
  }

  get means(): Running {
    const { loss, correct, seen, parts } = this.sums;
    const mean = (sum: number) => (seen === 0 ? 0 : sum / seen);
    return {
      loss: mean(loss),
      ...(correct === undefined ? {} : { accuracy: mean(correct) }),
      ...(parts === undefined ? {} : { parts: mapped(parts, mean) }),
    };
  }

  reset(): void {
    this.sums = zero;
  }

  save(): CheckpointState['sums'] {
    return this.sums;
  }

  restore(sums: CheckpointState['sums']): void {
    this.sums = sums;
  }
}

const zero = { loss: 0, seen: 0 };

function mapped(
  values: Readonly<Record<string, number>>,
  change: (value: number, name: string) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, change(value, name)]),
  );
}
