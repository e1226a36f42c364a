/**
 * Things in their order, a few of them asked for before they are needed.
 */

/**
 * Yields what `prepare(first)`, `prepare(first + 1)`, .. bring, up to `end`, with at most `ahead` of them on their way. Each
 * is released when the next one is asked for; if the loop is left early, also what is still on its way.
 */
export async function* lookAhead<T>(
  first: number,
  end: number,
  ahead: number,
  prepare: (i: number) => Promise<T>,
  release: (ready: T) => void,
): AsyncGenerator<T, void, undefined> {
  const coming: Promise<T>[] = [];
  let next = first;
  try {
    for (;;) {
      while (coming.length < ahead && next < end) {
        const promise = prepare(next++);
        // Its failure is met below, when its turn comes; until then it is not "unhandled".
        promise.catch(() => undefined);
        coming.push(promise);
      }
      const turn = coming.shift();
      if (turn === undefined) return;
      const ready = await turn;
      try {
        yield ready;
      } finally {
        release(ready);
      }
    }
  } finally {
    // The loop was left early: what is still being prepared comes back unread.
    for (const promise of coming) promise.then(release, () => undefined);
  }
}
