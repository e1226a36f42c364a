/**
 * Shows a training run while it runs: on a terminal a bar with the time left and a line per finished
 * epoch above it, elsewhere (a log file, CI) the lines alone.
 */
import type { EpochMetrics, TrainEvent } from '@surge-bnn/train';
import { Presets, SingleBar } from 'cli-progress';
import { count, duration, percent } from './format.js';
import type { Output } from './output.js';

type StepEvent = Extract<TrainEvent, { type: 'step' }>;

export interface TrainProgress {
  show(event: TrainEvent): void;
  /** Takes the bar off the screen; call it also when the run failed. */
  close(): void;
}

/** @param label stands before every line, for several runs in one command. */
export function trainProgress(output: Output, label = ''): TrainProgress {
  const bar = output.interactive ? terminalBar(label) : undefined;
  const line = (text: string): void => {
    const full = label === '' ? text : `${label}  ${text}`;
    if (bar) bar.above(full);
    else output.note(full);
  };
  let epochs = 0;
  return {
    show(event) {
      switch (event.type) {
        case 'start': {
          epochs = event.epochs;
          const from = event.step === 0 ? '' : `, going on at step ${count(event.step)}`;
          line(
            `${count(event.trainImages)} training images, ${count(event.testImages)} for evaluation, ` +
              `${event.epochs} epochs of ${event.stepsPerEpoch} steps on ${event.engine.backend}, ` +
              `${event.engine.threads} thread(s)${from}`,
          );
          break;
        }
        case 'step':
          bar?.update(event);
          break;
        case 'epoch':
          line(epochLine(event.metrics, epochs, event.seconds));
          break;
        case 'evaluation':
        case 'checkpoint':
        case 'stop':
          break;
      }
    },
    close: () => bar?.close(),
  };
}

/** One epoch in one line, columns of equal width. */
export function epochLine(metrics: EpochMetrics, epochs: number, seconds: number): string {
  const width = String(epochs).length;
  const parts = [
    `epoch ${String(metrics.epoch).padStart(width)}/${epochs}`,
    `loss ${metrics.trainLoss.toFixed(4)}`,
    `train ${percent(metrics.trainAccuracy)}`,
  ];
  if (metrics.testAccuracy !== undefined) parts.push(`test ${percent(metrics.testAccuracy)}`);
  parts.push(duration(seconds));
  return parts.join('  ');
}

interface Bar {
  update(event: StepEvent): void;
  above(text: string): void;
  close(): void;
}

/** The bar goes off the screen for every line and comes back with the next step. */
function terminalBar(label: string): Bar {
  const name = label === '' ? '' : `${label}  `;
  let bar: SingleBar | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update(event) {
      const payload = {
        epoch: `${event.epoch}/${event.epochs}`,
        loss: event.loss.toFixed(4),
        left: duration(event.secondsLeft),
      };
      if (bar !== undefined) {
        bar.update(event.step, payload);
        return;
      }
      bar = makeBar(`${name}epoch {epoch} [{bar}] {percentage} %  loss {loss}  {left} left`);
      bar.start(event.of, event.step, payload);
    },
    above(text) {
      close();
      process.stderr.write(`${text}\n`);
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
