/**
 * The one block of memory in which a program and its numbers lie. Places are given out first, and what they hold is written
 * when the block is there: how much a file asks for has to be known before anything is taken.
 */
import type { StoredTensor } from '../format/tensors.js';

/** Writes what a place holds. */
type Fill = (buffer: ArrayBufferLike, address: number) => void;

/** Vectors may be read whole where only a part of them is wanted. */
const vector = 64;

export class Block {
  /** The first addresses stay free: 0 stands for "there is none". */
  private end = vector;
  private readonly fills: { readonly address: number; readonly fill: Fill }[] = [];
  private readonly known = new Map<StoredTensor, Map<string, number>>();
  /** Bytes of decoded tensors among all. */
  decodedBytes = 0;

  get bytes(): number {
    return this.end;
  }

  /** @returns the address, a multiple of 64; behind the place 64 more bytes may be read. */
  take(bytes: number, fill?: Fill): number {
    const address = this.end;
    // Sizes are exact numbers far beyond any memory; whether there is as much is checked when all is known.
    this.end = address + Math.ceil((bytes + vector) / vector) * vector;
    if (fill !== undefined) this.fills.push({ address, fill });
    return address;
  }

  /** A tensor, decoded in one way; each once, however many nodes read it. */
  tensor(tensor: StoredTensor, way: string, bytes: number, fill: Fill): number {
    const ways = this.known.get(tensor) ?? new Map<string, number>();
    this.known.set(tensor, ways);
    const there = ways.get(way);
    if (there !== undefined) return there;
    this.decodedBytes += bytes;
    const address = this.take(bytes, fill);
    ways.set(way, address);
    return address;
  }

  /** @param buffer of `bytes` or more, all 0. */
  fill(buffer: ArrayBufferLike): void {
    for (const { address, fill } of this.fills) fill(buffer, address);
  }
}
