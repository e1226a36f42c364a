/**
 * One attempt to bring one file from one address into a part file, going on where an earlier attempt
 * of the same process stopped. Every way to fail gets a name, so that the caller knows what is worth
 * trying again.
 */
import { open, rm, stat } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from './checked-file.js';

/** The network or the server failed: `again` says whether the same address may answer later. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  constructor(
    message: string,
    readonly again: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface TransferOptions {
  readonly url: string;
  readonly part: string;
  readonly signal?: AbortSignal;
  /** Give up when the server sends nothing for so many milliseconds. */
  readonly stallAfter: number;
  /** Give up where there is more. Default: never. */
  readonly mostBytes?: number;
  readonly onBytes: (received: number, total: number) => void;
}

/**
 * Fetches `url` into `part`.
 *
 * @returns whether the file was continued rather than fetched in one go.
 * @throws TransferError when the network or the server failed; InputError when the disk did, or the
 * signal stopped it.
 */
export async function transfer(options: TransferOptions): Promise<{ continued: boolean }> {
  const { url, part, signal, stallAfter, mostBytes = Infinity, onBytes } = options;
  const stop = new AbortController();
  const forward = () => stop.abort();
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted === true) stop.abort();
  let stalled = false;
  const onStall = () => {
    stalled = true;
    stop.abort();
  };
  let timer = setTimeout(onStall, stallAfter);
  try {
    const have = await sizeOf(part);
    const response = await fetch(url, {
      signal: stop.signal,
      // Identity: with another content encoding fetch would unpack what is to be stored packed.
      headers: {
        'accept-encoding': 'identity',
        ...(have > 0 ? { range: `bytes=${have}-` } : {}),
      },
    });
    const continued = response.status === 206 && startsAt(response, have);
    if (!continued && response.status !== 200) {
      await response.body?.cancel();
      // A range that the server has not got: asked for from the start next time.
      if (response.status === 416) await rm(part, { force: true });
      throw refusal(response, have);
    }
    const start = continued ? have : 0;
    const length = Number(response.headers.get('content-length') ?? 0);
    const total = length > 0 ? start + length : 0;
    const file = await open(part, continued ? 'a' : 'w');
    try {
      let received = start;
      onBytes(received, total);
      for await (const chunk of bodyOf(response)) {
        clearTimeout(timer);
        timer = setTimeout(onStall, stallAfter);
        if (Math.max(received + chunk.length, total) > mostBytes) {
          await file.truncate();
          throw new TransferError(`it is longer than ${mostBytes} bytes`, false);
        }
        await writeAll(file, chunk);
        received += chunk.length;
        onBytes(received, total);
      }
      // Fetch accepts a body that a proxy cut short; the promised length does not.
      if (total > 0 && received < total) {
        throw new TransferError(`the connection broke after ${received} of ${total} bytes`, true);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return { continued };
  } catch (error) {
    if (error instanceof TransferError) throw error;
    if (signal?.aborted === true) {
      throw new InputError(`the download of ${url} was stopped before its end`, { cause: error });
    }
    if (stalled) {
      throw new TransferError(`no data for ${stallAfter / 1000} s`, true, { cause: error });
    }
    throw diskError(error, part) ?? new TransferError(networkReason(error), true, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

/** An InputError when the disk is to blame, else undefined. */
export function diskError(
  error: unknown,
  file: string,
  where = 'with --directory or SURGE_BNN_DATA',
): InputError | undefined {
  const reason = DISK_REASONS[errorCode(error)];
  if (reason === undefined) return undefined;
  return new InputError(`${file} cannot be written: ${reason}; choose another folder ${where}`, {
    cause: error,
  });
}

const DISK_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EEXIST: 'a part of its path is a file, not a folder',
  EISDIR: 'there is a folder of that name',
  EFBIG: 'the file is too large for the file system',
  EIO: 'the disk reported an error',
};

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  // One write may take less than all of it.
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done);
    done += bytesWritten;
  }
}

/** A 206 counts only if it begins where the part file ends. */
function startsAt(response: Response, position: number): boolean {
  return (response.headers.get('content-range') ?? '').startsWith(`bytes ${position}-`);
}

function refusal(response: Response, have: number): TransferError {
  const { status } = response;
  // Busy or broken servers may recover; a range that does not fit is asked for from the start.
  const again = status >= 500 || status === 408 || status === 429 || have > 0;
  return new TransferError(`HTTP ${status} ${response.statusText}`.trim(), again);
}

/** Fetch says "fetch failed"; its cause says why. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = errorCode(cause);
  return NETWORK_REASONS[code] ?? `the connection failed: ${code}`;
}

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host, or no network (ENOTFOUND)',
  EAI_AGAIN: 'no answer from the name server: no network? (EAI_AGAIN)',
  ECONNREFUSED: 'connection refused (ECONNREFUSED)',
  ENETUNREACH: 'the network is unreachable (ENETUNREACH)',
  UND_ERR_SOCKET: 'the connection broke (UND_ERR_SOCKET)',
  ECONNRESET: 'the connection broke (ECONNRESET)',
};

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
