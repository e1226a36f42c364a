import type * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { expect, it } from 'vitest';
import { StringRecord } from './record.js';
import { RecordId, RecordStorage } from './storage.js';

/** Two storages; data that one asks for and has not is fetched from the other, as TF.js's engine does it. */
function pair() {
  const backend = new MathBackendCPU();
  const moved: object[] = [];
  const make = (other: () => RecordStorage): RecordStorage => {
    const moveData = (_: tf.KernelBackend, id: object) => {
      moved.push(id);
      const record = other().get(id);
      other().delete(id);
      storage.set(id, record);
    };
    const storage = new RecordStorage(backend, { moveData });
    return storage;
  };
  const a: RecordStorage = make(() => b);
  const b: RecordStorage = make(() => a);
  return { a, b, moved };
}

it.each([
  ['own', () => new RecordId()],
  ['other', () => ({})],
])('holds, counts and forgets records by %s ids', (_, make) => {
  const { a, b, moved } = pair();
  const [id, record] = [make(), new StringRecord([])];
  expect([a.has(id), a.numDataIds()]).toEqual([false, 0]);
  a.set(id, record);
  expect([a.has(id), b.has(id), a.numDataIds(), b.numDataIds()]).toEqual([true, false, 1, 0]);
  expect(a.get(id)).toBe(record);
  expect(moved).toEqual([]);
  a.delete(id);
  expect([a.has(id), a.numDataIds()]).toEqual([false, 0]);
});

it.each([
  ['own', () => new RecordId()],
  ['other', () => ({})],
])('fetches the record of %s ids that lives elsewhere', (_, make) => {
  const { a, b, moved } = pair();
  const [id, record] = [make(), new StringRecord([])];
  a.set(id, record);
  expect(b.get(id)).toBe(record);
  expect(moved).toEqual([id]);
  expect([a.has(id), b.has(id), a.numDataIds(), b.numDataIds()]).toEqual([false, true, 0, 1]);
});

it('does not take an id for its own that another storage has', () => {
  const { a, b } = pair();
  const id = new RecordId();
  a.set(id, new StringRecord([]));
  expect(b.delete(id)).toBe(false);
  expect([a.has(id), a.numDataIds(), b.numDataIds()]).toEqual([true, 1, 0]);
});
