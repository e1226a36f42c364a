/**
 * Interleaved timing: contenders take turns, so that a slow moment of the machine hits all of them, and
 * each is judged by its median.
 */

/** Runs `body` so often that one sample takes about `milliseconds`; returns milliseconds per run. */
function sample(body, runs) {
  const start = performance.now();
  for (let i = 0; i < runs; i++) body();
  return (performance.now() - start) / runs;
}

/** Median of the numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/**
 * Milliseconds per run of each contender.
 *
 * @param contenders functions by name
 * @param repetitions samples of each contender
 * @param milliseconds aimed length of one sample
 */
export function interleave(contenders, repetitions, milliseconds) {
  const entries = Object.entries(contenders).map(([name, body]) => {
    // Warm up until V8 has compiled the loops with its optimising compiler.
    const end = performance.now() + milliseconds;
    do body();
    while (performance.now() < end);
    const runs = Math.max(1, Math.round(milliseconds / sample(body, 1)));
    return { name, body, runs, times: [] };
  });
  for (let r = 0; r < repetitions; r++) {
    for (const entry of entries) entry.times.push(sample(entry.body, entry.runs));
  }
  return Object.fromEntries(entries.map(({ name, times }) => [name, median(times)]));
}
