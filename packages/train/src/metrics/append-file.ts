/**
 * A file that grows, and whose length a checkpoint remembers: a resumed run cuts off what was written after the
 * checkpoint, so that the file is what an uninterrupted run would have written.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { InputError } from '@surge-bnn/contract';
import { diskError } from '../checkpoint/atomic.js';

export class AppendFile {
  private pending: Uint8Array[] = [];

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private written: number,
  ) {}

  /**
   * Opens the file with its first `keep` bytes; 0 makes an empty one.
   *
   * @throws InputError when fewer bytes are there: the file was tampered with since the checkpoint.
   */
  static async open(path: string, keep: number): Promise<AppendFile> {
    try {
      const file = await open(path, keep === 0 ? 'w' : 'r+');
      const { size } = await file.stat();
      if (size < keep) {
        await file.close();
        throw new InputError(
          `${path} has ${size} bytes, but the checkpoint counts on ${keep}: lines were removed; restore the file or start anew`,
        );
      }
      await file.truncate(keep);
      return new AppendFile(path, file, keep);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw new InputError(`${path} is missing, but the checkpoint counts on it`);
      }
      throw diskError(path, error);
    }
  }

  /** Bytes that `flush` has put on the disk. */
  get length(): number {
    return this.written;
  }

  /** Remembers the bytes until the next `flush`. */
  append(bytes: Uint8Array): void {
    this.pending.push(bytes);
  }

  /** One line of JSON. */
  appendJson(value: unknown): void {
    this.append(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
  }

  /** Writes and syncs what is pending. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.pending);
    if (bytes.length === 0) return;
    try {
      await this.file.write(bytes, 0, bytes.length, this.written);
      await this.file.sync();
    } catch (error) {
      throw diskError(this.path, error);
    }
    this.pending = [];
    this.written += bytes.length;
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
