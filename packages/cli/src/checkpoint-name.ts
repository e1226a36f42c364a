/** The checkpoints of a run by name, as `--checkpoint` takes them. */
import { unknownName } from '@surge-bnn/contract';
import type { CheckpointName } from '@surge-bnn/train';

// A record, so that a name which is added and not listed here is an error of the compiler.
const names: Record<CheckpointName, true> = { last: true, best: true, averaged: true };

/** @throws InputError for another name, with the nearest right one. */
export function checkCheckpoint(name: string): asserts name is CheckpointName {
  if (!Object.hasOwn(names, name)) throw unknownName('checkpoint', name, Object.keys(names));
}
