/**
 * Schedules: functions of the training progress p = step / total steps, p in [0, 1), written in JSON. The same
 * forms serve the learning rate (as a factor of each group's own rate) and eta.
 */
import { InputError, unknownName } from '@surge-bnn/contract';

/** A schedule as it stands in a recipe. A bare number is the constant. */
export type ScheduleSpec =
  | number
  | { readonly type: 'constant'; readonly value: number }
  /** A straight line from `from` at p = 0 to `to` at p = 1. */
  | { readonly type: 'linear'; readonly from: number; readonly to: number }
  /** Half a cosine: to + (from - to) (1 + cos(pi p)) / 2. */
  | { readonly type: 'cosine'; readonly from: number; readonly to: number }
  /** `from`, multiplied by `factor` at each p in `at` that has been reached. */
  | {
      readonly type: 'step';
      readonly from: number;
      readonly at: readonly number[];
      readonly factor: number;
    }
  /** from (to / from)^p: the same ratio at every step. */
  | { readonly type: 'exponential'; readonly from: number; readonly to: number }
  /** A straight line from `from` to the start of `then` while p < over; then `then`, stretched over the rest. */
  | {
      readonly type: 'warmup';
      readonly over: number;
      readonly from: number;
      readonly then: ScheduleSpec;
    };

/** The value at training progress p. */
export type Schedule = (p: number) => number;

export const scheduleTypes = [
  'constant',
  'linear',
  'cosine',
  'step',
  'exponential',
  'warmup',
] as const;

/**
 * The function that a spec stands for.
 *
 * @throws InputError for a warm-up that leaves nothing of the run and for an exponential through zero.
 */
export function schedule(spec: ScheduleSpec): Schedule {
  if (typeof spec === 'number') return () => spec;
  switch (spec.type) {
    case 'constant':
      return () => spec.value;
    case 'linear':
      return (p) => spec.from + (spec.to - spec.from) * p;
    case 'cosine':
      return (p) => spec.to + ((spec.from - spec.to) * (1 + Math.cos(Math.PI * p))) / 2;
    case 'step':
      return (p) => spec.from * spec.factor ** spec.at.filter((edge) => p >= edge).length;
    case 'exponential': {
      if (!(spec.from > 0 && spec.to > 0)) {
        throw new InputError(
          `an exponential schedule needs from > 0 and to > 0, got ${spec.from} and ${spec.to}`,
        );
      }
      return (p) => spec.from * (spec.to / spec.from) ** p;
    }
    case 'warmup':
      return warmup(spec.over, spec.from, schedule(spec.then));
    default:
      throw unknownName('schedule', (spec as { type: string }).type, scheduleTypes);
  }
}

/** A lower bound of the schedule's values: every form runs between the numbers that it is written with. */
export function leastValue(spec: ScheduleSpec): number {
  if (typeof spec === 'number') return spec;
  switch (spec.type) {
    case 'constant':
      return spec.value;
    case 'step':
      return Math.min(spec.from, spec.from * spec.factor ** spec.at.length);
    case 'warmup':
      return Math.min(spec.from, leastValue(spec.then));
    default:
      return Math.min(spec.from, spec.to);
  }
}

function warmup(over: number, from: number, then: Schedule): Schedule {
  if (!(over >= 0 && over < 1)) {
    throw new InputError(`a warm-up lasts a share of the run in [0, 1), got over = ${over}`);
  }
  const goal = then(0);
  return (p) =>
    p < over ? from + (goal - from) * (p / over) : then(Math.min(1, (p - over) / (1 - over)));
}

/** Where a run stands, as a share of the whole: step / total steps, floored to whole epochs if asked. */
export function progressAt(step: number, stepsPerEpoch: number, epochs: number, floor: boolean) {
  const done = floor ? Math.floor(step / stepsPerEpoch) * stepsPerEpoch : step;
  return done / (stepsPerEpoch * epochs);
}
