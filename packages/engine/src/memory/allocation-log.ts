/**
 * What a backend was asked for and what was given back, in its order: the trace that `PoolReplay` runs again with other sizes. It
 * holds requests, before the pool rounds them, and not blocks: so the trace of a program does not depend on what the pool held before.
 */

/**
 * Memory of one tensor's data: `take` asks for it, `free` gives it back within the same trace. `release` gives back what an earlier
 * trace left, of which nothing counts but the size.
 */
export type AllocationEvent =
  | { readonly kind: 'take'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'free'; readonly id: number }
  | { readonly kind: 'release'; readonly bytes: number };

export class AllocationLog {
  #events: AllocationEvent[] = [];
  /** What this trace has taken. */
  #own = new Map<object, number>();
  /** Bytes of what earlier ones have left. */
  readonly #left = new Map<object, number>();

  take(owner: object, bytes: number): void {
    const id = this.#events.length;
    this.#own.set(owner, id);
    this.#left.set(owner, bytes);
    this.#events.push({ kind: 'take', id, bytes });
  }

  /** What was taken before the log began is not its business. */
  free(owner: object): void {
    const bytes = this.#left.get(owner);
    if (bytes === undefined) return;
    this.#left.delete(owner);
    const id = this.#own.get(owner);
    this.#events.push(id === undefined ? { kind: 'release', bytes } : { kind: 'free', id });
  }

  /** The trace since the last call. */
  cut(): readonly AllocationEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#own = new Map();
    return events;
  }
}
