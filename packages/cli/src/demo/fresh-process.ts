/** Runs a model file in a process of its own: what somebody gets who has only the file and the runtime. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface PackedJob {
  readonly file: string;
  /** Bytes of pictures, one after the other; not in shared memory. */
  readonly pictures: Uint8Array;
}

export interface PackedAnswer {
  readonly outputs: Float32Array;
  /** For one picture: the median over pictures that were run alone, after all had been run. */
  readonly milliseconds: number;
  readonly node: string;
}

export type PackedMessage = PackedAnswer | { readonly failure: string };

/** @throws the signal's reason when it is aborted; Error when the process fails or dies. */
export async function runInFreshProcess(
  job: PackedJob,
  signal: AbortSignal,
): Promise<PackedAnswer> {
  signal.throwIfAborted();
  const script = fileURLToPath(new URL('./run-packed.js', import.meta.url));
  // Typed arrays arrive as they were, bit for bit.
  const child = fork(script, [], { serialization: 'advanced' });
  const stop = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<PackedAnswer>((resolve, reject) => {
      child.on('message', (message: PackedMessage) => {
        if ('outputs' in message) resolve(message);
        else reject(new Error(`the packed model failed in its own process: ${message.failure}`));
      });
      child.once('error', reject);
      child.once('exit', (code, by) => {
        const how = by ?? `exit code ${code ?? 'unknown'}`;
        reject(new Error(`the process of the packed model ended early (${how})`));
      });
      child.send(job, (error) => {
        if (error !== null) reject(error);
      });
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    child.kill();
  }
}
