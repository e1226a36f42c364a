/**
 * Reads the encoded bytes of listed pictures: whole files of a folder, or pieces of an archive, by offset.
 */
import { open, readFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { errorCode } from '../checked-file.js';
import type { PictureList } from '../types.js';
import { nameAt } from './list.js';

export class PictureReader {
  private archive: Promise<FileHandle> | undefined;

  constructor(private readonly list: PictureList) {}

  /** Where picture `i` lies, for messages: a path, or the archive with the name in it. */
  where(i: number): string {
    const { root, packed } = this.list;
    return packed ? `${root}, ${nameAt(this.list, i)}` : path.join(root, nameAt(this.list, i));
  }

  /** @throws InputError when the file is gone, cannot be read, or is shorter than listed. */
  async read(i: number): Promise<Uint8Array> {
    try {
      return this.list.packed ? await this.piece(i) : await readFile(this.where(i));
    } catch (error) {
      if (error instanceof InputError) throw error;
      const code = errorCode(error);
      const reason = code === 'ENOENT' ? 'is gone' : `cannot be read (${code})`;
      throw new InputError(`the picture ${this.where(i)} ${reason}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await (await this.archive?.catch(() => undefined))?.close();
    this.archive = undefined;
  }

  private async piece(i: number): Promise<Uint8Array> {
    this.archive ??= open(this.list.root, 'r');
    const file = await this.archive;
    const bytes = new Uint8Array(this.list.sizes[i]);
    for (let done = 0; done < bytes.length;) {
      const at = this.list.offsets[i] + done;
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, at);
      if (bytesRead === 0) {
        throw new InputError(`${this.list.root} became shorter since its pictures were listed`);
      }
      done += bytesRead;
    }
    return bytes;
  }
}
