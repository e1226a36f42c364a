/**
 * Shows a training run while it runs: on a terminal a bar with the time left and a line per finished
 * epoch above it, elsewhere (a log file, CI) the lines alone.
 */
import { availableParallelism } from 'node:os';
import { engineText } from '@surge-bnn/contract';
import { skippedPicture } from '@surge-bnn/data';
import type { EpochMetrics, MemoryPlan, TrainEvent } from '@surge-bnn/train';
import { Presets, SingleBar } from 'cli-progress';
import { bytes, count, duration, percent } from './format.js';
import type { Output } from './output.js';

type StepEvent = Extract<TrainEvent, { type: 'step' }>;

export interface CountProgress {
  readonly show: (done: number, of: number) => void;
  /** Takes the bar off the screen. */
  readonly close: () => void;
}

/** Progress of work that is counted, e.g. in images: a bar on a terminal, nothing elsewhere. */
export function countProgress(output: Output, what: string): CountProgress {
  let bar: SingleBar | undefined;
  return {
    show: (done, of) => {
      if (!output.interactive) return;
      if (bar === undefined) {
        bar = makeBar(`${what} [{bar}] {percentage} %  {value} of {total}`);
        bar.start(of, done);
      }
      bar.update(done);
    },
    close: () => {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** Says once of each picture that it was left out. */
export function noteSkipped(
  { note }: Pick<Output, 'note'>,
  said: Set<string> = new Set(),
): (picture: string) => void {
  return (text) => {
    const picture = skippedPicture(text);
    if (!said.has(picture)) note(`left out, it cannot be decoded: ${text}`);
    said.add(picture);
  };
}

export interface TrainProgress {
  show(event: TrainEvent): void;
  /** Takes the bar off the screen; call it also when the run failed. */
  close(): void;
}

/**
 * Progress of one run.
 *
 * @param label stands before every line, for several runs in one command.
 * @param said what such a command has said already and does not say again for every run.
 */
export function trainProgress(
  output: Output,
  label = '',
  said: Set<string> = new Set(),
): TrainProgress {
  return progressSideBySide(output, [label], said)[0];
}

/**
 * Progress of runs that train at the same time: one bar for all of them, and lines that begin with the run's label.
 *
 * @returns one progress for each label.
 */
export function progressSideBySide(
  output: Output,
  labels: readonly string[],
  said: Set<string> = new Set(),
): TrainProgress[] {
  const bar = output.interactive ? terminalBar() : undefined;
  const latest = new Map<string, StepEvent>();
  return labels.map((label) =>
    labelled(output, label, bar, said, (event) => {
      latest.set(label, event);
      bar?.update(together([...latest.values()]));
    }),
  );
}

/** Several runs as one: the slowest epoch, all losses, the sum of the steps, the longest time left. */
function together(events: readonly StepEvent[]): BarState {
  const sum = (key: 'step' | 'of') => events.reduce((total, event) => total + event[key], 0);
  return {
    step: sum('step'),
    of: sum('of'),
    epoch: `${Math.min(...events.map((e) => e.epoch))}/${Math.max(...events.map((e) => e.epochs))}`,
    loss: events.map((e) => e.loss.toFixed(4)).join(' and '),
    left: duration(Math.max(...events.map((e) => e.secondsLeft))),
  };
}

function labelled(
  output: Output,
  label: string,
  bar: Bar | undefined,
  said: Set<string>,
  step: (event: StepEvent) => void,
): TrainProgress {
  const note = (text: string): void => {
    // It comes back with the next step.
    bar?.close();
    output.note(text);
  };
  const line = (text: string): void => {
    note(label === '' ? text : `${label}  ${text}`);
  };
  const skipped = noteSkipped({ note }, said);
  const decoding = countProgress(output, 'decoding pictures');
  let epochs = 0;
  let measure: string | undefined;
  return {
    show(event) {
      switch (event.type) {
        case 'decode':
          // A thousand pictures are decoded before a person has read the line.
          if (event.done === 1 && event.of > 1000) {
            line(
              `decoding ${count(event.of)} pictures; they are kept, so this is done once for this size`,
            );
          }
          decoding.show(event.done, event.of);
          if (event.done === event.of) decoding.close();
          break;
        case 'start': {
          const { unit = 'images' } = event;
          ({ epochs } = event);
          // Of texts it is the development set more often than the test set; the last line names it.
          measure = event.measure ?? (unit === 'texts' ? 'evaluation' : undefined);
          const from = event.step === 0 ? '' : `, going on at step ${count(event.step)}`;
          line(
            `${count(event.trainImages)} training ${unit}, ${count(event.testImages)} ${event.evaluatedOn === 'test' ? '' : `held-out training ${unit} `}for evaluation, ` +
              `${several(event.epochs, 'epoch')} of ${several(event.stepsPerEpoch, 'step')} on ${engineText(event.engine)}${from}`,
          );
          const unknown = `how much memory it needs is not known beforehand, of ${memoryOf(event)}`;
          const about = [
            `${unit}: ${event.dataTitle}`,
            ...event.dataRemarks,
            ...(event.memory === undefined ? [unknown] : []),
          ];
          for (const remark of [...engineRemarks(event.engine, availableParallelism()), ...about]) {
            if (!said.has(remark)) note(remark);
            said.add(remark);
          }
          if (event.memory !== undefined) line(memoryLine(event.memory));
          break;
        }
        case 'stage':
          line(event.title);
          break;
        case 'step':
          step(event);
          break;
        case 'epoch':
          line(epochLine(event.metrics, epochs, event.seconds, measure));
          break;
        case 'skipped':
          skipped(event.picture);
          break;
        case 'evaluation':
        case 'checkpoint':
        case 'stop':
          break;
      }
    },
    close: () => {
      decoding.close();
      bar?.close();
    },
  };
}

/** Of which runs it is not known. */
function memoryOf({ unit, measure, engine }: Extract<TrainEvent, { type: 'start' }>): string {
  if (unit === 'texts') return 'a network for texts';
  return measure === undefined ? `runs on ${engine.backend}` : 'a detector';
}

/** What a run needs and what there is; more than there is can be had by swapping at best. */
export function memoryLine({ bytes: need, there }: Pick<MemoryPlan, 'bytes' | 'there'>): string {
  const both = `needs ${bytes(need)} of memory; ${bytes(there)} are there`;
  return need <= there
    ? both
    : `${both}, so it will be slow or be stopped by the system; a smaller batch, or a larger accumulate, needs less`;
}

/** "1 epoch", "2 epochs". */
function several(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** What is worth knowing about an engine before it computes for hours. */
export function engineRemarks(
  { threads, passedOver }: Extract<TrainEvent, { type: 'start' }>['engine'],
  cores: number,
): string[] {
  return [
    ...(passedOver === undefined ? [] : [`surge-native is passed over: ${passedOver}`]),
    ...(threads > cores
      ? [`${threads} threads share ${cores} core(s); ${cores} would be faster`]
      : []),
  ];
}

/** One epoch in one line, columns of equal width. @param measure what is evaluated, where it is no accuracy. */
export function epochLine(
  metrics: EpochMetrics,
  epochs: number,
  seconds: number,
  measure = 'test',
): string {
  const width = String(epochs).length;
  const parts = [
    `epoch ${String(metrics.epoch).padStart(width)}/${epochs}`,
    `loss ${metrics.trainLoss.toFixed(4)}`,
  ];
  if (metrics.trainAccuracy !== undefined) parts.push(`train ${percent(metrics.trainAccuracy)}`);
  if (metrics.testAccuracy !== undefined) {
    parts.push(`${measure} ${percent(metrics.testAccuracy)}`);
  }
  if (metrics.averagedAccuracy !== undefined) {
    parts.push(`averaged ${percent(metrics.averagedAccuracy)}`);
  }
  parts.push(duration(seconds));
  return parts.join('  ');
}

interface BarState {
  readonly step: number;
  readonly of: number;
  readonly epoch: string;
  readonly loss: string;
  readonly left: string;
}

interface Bar {
  update(state: BarState): void;
  close(): void;
}

/** The bar goes off the screen for every line and comes back with the next step. */
function terminalBar(): Bar {
  let bar: SingleBar | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update({ step, of, ...payload }) {
      if (bar === undefined) {
        bar = makeBar('epoch {epoch} [{bar}] {percentage} %  loss {loss}  {left} left');
        bar.start(of, step, payload);
        return;
      }
      bar.setTotal(of);
      bar.update(step, payload);
    },
    close,
  };
}

function makeBar(format: string): SingleBar {
  return new SingleBar(
    {
      format,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 24,
      // Else it listens for Ctrl-C itself and ends the process before the checkpoint.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
}
