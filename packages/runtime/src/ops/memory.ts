/**
 * What a model takes besides its edges: decoded tensors, each once however many nodes read it, and scratch, one piece for
 * all nodes, as they compute one after the other. Nodes first say what they need, and only then something is
 * allocated: files are small and what they ask for need not be, so the sum has to be known before.
 */
import type { StoredTensor } from '../format/tensors.js';
import { wordsFor } from '../kernels/bits.js';
import { bitRows, floats, int8s, integers, scaledInt8s, signs } from './stored.js';

/** Gives what was asked for; the first call takes the memory. */
export type Later<T> = () => T;

/** How a tensor is decoded: in words, or by another tensor. */
type Way = string | StoredTensor;

/** Arrays of one type, by tensor and by the way in which it is decoded. */
class Decoded<T> {
  bytes = 0;
  private readonly arrays = new Map<StoredTensor, Map<Way, Later<T>>>();

  constructor(private readonly bytesPerElement: number) {}

  get(tensor: StoredTensor, way: Way, count: number, decode: Later<T>): Later<T> {
    const ways = this.arrays.get(tensor) ?? new Map<Way, Later<T>>();
    this.arrays.set(tensor, ways);
    const known = ways.get(way);
    if (known !== undefined) return known;
    this.bytes += this.bytesPerElement * count;
    const array = once(decode);
    ways.set(way, array);
    return array;
  }
}

/** Of one model. */
export class ModelMemory {
  readonly floats = new Decoded<Float32Array>(4);
  readonly integers = new Decoded<Int32Array>(4);
  readonly words = new Decoded<Uint32Array>(4);
  readonly int8s = new Decoded<Int8Array>(1);
  private ownBytes = 0;
  private scratchSize = 0;
  private zeroCount = 0;

  /** As long as the longest scratch that was asked for. */
  readonly scratch = once(() => new ArrayBuffer(this.scratchSize));
  /** Words of zeros, as many as were asked for at most; nobody writes to them. */
  readonly zeros = once(() => new Uint32Array(this.zeroCount));

  get decodedBytes(): number {
    return (
      this.floats.bytes + this.integers.bytes + this.words.bytes + this.int8s.bytes + this.ownBytes
    );
  }

  get scratchBytes(): number {
    return this.scratchSize + 4 * this.zeroCount;
  }

  needScratch(bytes: number): void {
    this.scratchSize = Math.max(this.scratchSize, bytes);
  }

  needOwn(bytes: number): void {
    this.ownBytes += bytes;
  }

  needZeros(words: number): void {
    this.zeroCount = Math.max(this.zeroCount, words);
  }
}

/** What one node asks for. Tensors go by their roles. */
export class NodeMemory {
  constructor(
    private readonly model: ModelMemory,
    private readonly tensors: Readonly<Record<string, StoredTensor>>,
  ) {}

  /** The numbers of an F32 or F16 tensor. */
  floats(role: string): Later<Float32Array> {
    const tensor = this.required(role);
    return this.model.floats.get(tensor, 'numbers', elementsOf(tensor), () => floats(tensor));
  }

  optionalFloats(role: string): Later<Float32Array | undefined> {
    return Object.hasOwn(this.tensors, role) ? this.floats(role) : () => undefined;
  }

  /** The numbers of an I32 tensor. */
  integers(role: string): Later<Int32Array> {
    const tensor = this.required(role);
    return this.integersOf(role, 'numbers', elementsOf(tensor), () => integers(tensor));
  }

  /** Integers that follow from a tensor. @param way tells them from others of the same tensor. */
  integersOf(role: string, way: string, count: number, make: Later<Int32Array>): Later<Int32Array> {
    return this.model.integers.get(this.required(role), way, count, make);
  }

  /** Rows of bits, each in words of its own. */
  bitRows(role: string, rows: number, bits: number): Later<Uint32Array> {
    const tensor = this.required(role);
    const decode = () => bitRows(tensor, rows, bits);
    return this.model.words.get(tensor, `rows of ${bits} bits`, rows * wordsFor(bits), decode);
  }

  /** One bit per channel; zeros where the tensor is absent. */
  flips(channels: number): Later<Uint32Array> {
    if (Object.hasOwn(this.tensors, 'flips')) return this.bitRows('flips', 1, channels);
    const words = wordsFor(channels);
    this.model.needZeros(words);
    return () => this.model.zeros().subarray(0, words);
  }

  /** A kernel of signs as floats, with the filters innermost. */
  signs(role: string, filters: number, bits: number): Later<Float32Array> {
    const tensor = this.required(role);
    const decode = () => signs(tensor, filters, bits);
    return this.model.floats.get(tensor, `signs of ${bits} bits`, filters * bits, decode);
  }

  /** The numbers of an I8 tensor. */
  int8s(role: string): Later<Int8Array> {
    const tensor = this.required(role);
    return this.model.int8s.get(tensor, 'numbers', elementsOf(tensor), () => int8s(tensor));
  }

  /** An I8 kernel as floats, with the filters innermost, each filter times its number in the F32 tensor of another role. */
  scaledInt8s(role: string, scaleRole: string): Later<Float32Array> {
    const tensor = this.required(role);
    const factors = this.required(scaleRole);
    const scale = this.floats(scaleRole);
    const decode = () => scaledInt8s(tensor, scale());
    return this.model.floats.get(tensor, factors, elementsOf(tensor), decode);
  }

  /** What follows from the node's attributes. */
  own<T>(bytes: number, make: Later<T>): Later<T> {
    this.model.needOwn(bytes);
    return once(make);
  }

  /** Memory that keeps nothing from one call of the node to the next. */
  scratch(bytes: number): Later<ArrayBuffer> {
    this.model.needScratch(bytes);
    return this.model.scratch;
  }

  /** That it is there and of the right type and shape, checkGraph has seen to. */
  private required(role: string): StoredTensor {
    if (Object.hasOwn(this.tensors, role)) return this.tensors[role];
    throw new Error(`a node without its tensor "${role}" was not refused`);
  }
}

function elementsOf({ shape }: StoredTensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

function once<T>(make: Later<T>): Later<T> {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
