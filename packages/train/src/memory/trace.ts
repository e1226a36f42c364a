/**
 * Allocations as functions of the batch size. One trace of a small batch and one of a batch that is a picture larger have the same
 * allocations in the same order; those whose bytes differ grow with the batch, and all of them on a line, because tensors of a batch have
 * it as a dimension once or not at all.
 */
import type { AllocationEvent } from '@surge-bnn/engine';

type LinearEvent =
  | { readonly kind: 'take'; readonly id: number; readonly base: number; readonly slope: number }
  | { readonly kind: 'free'; readonly id: number }
  | { readonly kind: 'release'; readonly base: number; readonly slope: number };

/** A trace for every batch size. */
export class LinearTrace {
  private constructor(private readonly events: readonly LinearEvent[]) {}

  /**
   * From the traces of two batch sizes, `second` larger by `more` pictures than `first`, which has `count`; undefined where they do not
   * match event by event, so that nothing is known.
   */
  static between(
    first: readonly AllocationEvent[],
    second: readonly AllocationEvent[],
    count: number,
    more = 1,
  ): LinearTrace | undefined {
    if (first.length !== second.length) return undefined;
    const events: LinearEvent[] = [];
    for (const [i, event] of first.entries()) {
      const other = second[i];
      if (event.kind === 'free') {
        if (other.kind !== 'free' || other.id !== event.id) return undefined;
        events.push(event);
        continue;
      }
      if (other.kind !== event.kind) return undefined;
      const slope = (other.bytes - event.bytes) / more;
      const line = { base: event.bytes - slope * count, slope };
      events.push(
        event.kind === 'take'
          ? { kind: 'take', id: event.id, ...line }
          : { kind: 'release', ...line },
      );
    }
    return new LinearTrace(events);
  }

  /** The trace of a batch of `count` pictures. */
  *at(count: number): Generator<AllocationEvent> {
    for (const event of this.events) {
      if (event.kind === 'free') yield event;
      else if (event.kind === 'take') yield { kind: 'take', id: event.id, bytes: at(event, count) };
      else yield { kind: 'release', bytes: at(event, count) };
    }
  }

  /** Whether it takes nothing. */
  get empty(): boolean {
    return this.events.length === 0;
  }

  /** Bytes for one more picture of all tensors that are there together, where these are most. */
  get slopeAtPeak(): number {
    const live = new Map<number, number>();
    let [now, peak] = [0, 0];
    for (const event of this.events) {
      if (event.kind === 'take') {
        live.set(event.id, event.slope);
        now += event.slope;
        peak = Math.max(peak, now);
      } else if (event.kind === 'free') now -= live.get(event.id) ?? 0;
    }
    return peak;
  }
}

function at({ base, slope }: { readonly base: number; readonly slope: number }, count: number) {
  return Math.max(0, Math.round(base + slope * count));
}

/** Whether two traces are the same, sizes included. */
export function sameTrace(a: readonly AllocationEvent[], b: readonly AllocationEvent[]): boolean {
  return (
    a.length === b.length &&
    a.every((event, i) => {
      const other = b[i];
      if (event.kind === 'release') return other.kind === 'release' && other.bytes === event.bytes;
      if (event.kind === 'free') return other.kind === 'free' && other.id === event.id;
      return other.kind === 'take' && other.bytes === event.bytes;
    })
  );
}
