/** What `surge-bnn doctor` says about the native engine: whether it works, on what, and what to do where it does not. */
import type { NativeReport } from '@surge-bnn/engine';
import { bytes } from './terminal/format.js';

/** Lines under the heading "native engine". @param env of the process: OpenMP and SURGE_ISA listen to it. */
export function nativeLines(native: NativeReport, env: NodeJS.ProcessEnv): string[] {
  const { built, problem, oneDnn, compiled, runnable, isa, threads, largestHeap } = native;
  const row = (title: string, text: string): string => `  ${title.padEnd(12)} ${text}`;
  if (!built) {
    const reason = native.leftOut === undefined ? '' : ` (${native.leftOut})`;
    return [row('addon', `not built${reason}; surge-wasm does its work`)];
  }
  if (oneDnn === undefined) return [row('addon', problem ?? 'does not load')];
  const list = (names: readonly string[]): string => names.join(', ');
  return [
    row('addon', `loads, with oneDNN ${oneDnn}`),
    row('kernels', `compiled for ${list(compiled)}; this CPU runs ${list(runnable)}`),
    row('runs on', isa === undefined ? (problem ?? 'nothing') : isaText(isa, native.forced)),
    row('threads', threadsText(threads, env['OMP_NUM_THREADS'])),
    row('memory', `heap of up to ${bytes(largestHeap)}, taken page by page`),
  ];
}

function isaText(isa: string, forced: string | undefined): string {
  return forced === undefined
    ? `${isa}, the best of them (SURGE_ISA is not set)`
    : `${isa}, because SURGE_ISA says so`;
}

function threadsText(threads: number, openMp: string | undefined): string {
  const text = `${threads} where a training asks for nothing else, one for each core; a packed model runs on one`;
  return openMp === undefined
    ? text
    : `${text}; OMP_NUM_THREADS=${openMp} changes nothing, --threads does`;
}

/** What to do about it; undefined: nothing. */
export function nativeAdvice({ built, problem, forced, leftOut }: NativeReport) {
  if (problem === undefined) return undefined;
  if (!built) {
    const reason = leftOut === undefined ? '' : ', after what "native engine" above names';
    return `for fast training: npm run build:native${reason}`;
  }
  return forced === undefined
    ? 'for fast training: mend the native engine as said above'
    : 'unset SURGE_ISA, or set it to what is allowed';
}
