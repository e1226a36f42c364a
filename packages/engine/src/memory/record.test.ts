import { expect, it } from 'vitest';
import { ArrayBufferHeap } from '../providers/reference/heap.js';
import { Pool } from './pool.js';
import { NumericRecord } from './record.js';

it('takes the view of the block where it fits, and makes one where type, length or heap differ', () => {
  const heap = new ArrayBufferHeap();
  const block = new Pool(heap).take(32);
  const first = new NumericRecord(heap, 'float32', 8, block).values;
  first.set([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(new NumericRecord(heap, 'float32', 8, block).values).toBe(first);
  expect(new NumericRecord(heap, 'float32', 2, block).values).toEqual(new Float32Array([1, 2]));
  expect(new NumericRecord(heap, 'int32', 2, block).values).toEqual(
    new Int32Array(new Float32Array([1, 2]).buffer),
  );
  expect(new NumericRecord(heap, 'bool', 2, block).values).toEqual(new Uint8Array(2));
  heap.extend(1 << 20);
  const { values } = new NumericRecord(heap, 'float32', 8, block);
  expect(values.buffer).toBe(heap.buffer);
  expect([...values]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
