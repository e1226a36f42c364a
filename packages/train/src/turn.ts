/** Giving way between two steps. */

/**
 * Lets timers, signals, messages and progress bars run. In pages and workers by a message to itself: their timers wait at least
 * 4 ms, in hidden tabs up to a minute.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
