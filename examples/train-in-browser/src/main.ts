/** The page: settings and buttons, curves while the worker trains, the packed models when it is done. */
import { find, row } from '../../shared/elements.js';
import { Refusal } from '../../shared/refusal.js';
import { Chart } from './chart.js';
import { SettingsForm } from './form.js';
import { PackedView } from './packed-view.js';
import { PictureStrip } from './pictures.js';
import { networkNames } from './protocol.js';
import type { Evaluated, LayerReport, Progress, Ready, Report, Started } from './protocol.js';
import { TrainingWorker } from './training-worker.js';

type State =
  'loading' | 'idle' | 'starting' | 'training' | 'pausing' | 'paused' | 'stopping' | 'packing';

const goal = 0.95;

const form = new SettingsForm();
const packed = new PackedView();
const pictures = new PictureStrip(find('pictures', HTMLElement));
const startButton = find('start', HTMLButtonElement);
const pauseButton = find('pause', HTMLButtonElement);
const stopButton = find('stop', HTMLButtonElement);
const errorLine = find('error', HTMLElement);
const layerRows = find('layers', HTMLElement);

const loss = new Chart(find('loss', HTMLElement), {
  title: 'Training loss, mean of 20 steps',
  format: (y) => y.toPrecision(3),
  logarithmic: true,
});
const accuracy = new Chart(find('accuracy', HTMLElement), {
  title: 'Accuracy on the test digits',
  format: (y) => `${(100 * y).toFixed(2)} %`,
  high: 1,
});
const lambda = new Chart(find('lambda', HTMLElement), {
  title: 'lam of SURGE, by layer',
  format: (y) => y.toPrecision(2),
  logarithmic: true,
});
const cosine = new Chart(find('cosine', HTMLElement), {
  title: 'Cosine of the two gradients, by layer',
  format: (y) => y.toFixed(3),
});

let state: State = 'loading';
let worker = newWorker();
let running: Started | undefined;
/** Seconds of training after which each network was first seen at the goal. */
let reached: (number | undefined)[] = [];

function newWorker(): TrainingWorker {
  return new TrainingWorker({ onReport, onEnd });
}

function enter(next: State): void {
  state = next;
  document.documentElement.dataset['state'] = next;
  const busy = next === 'training' || next === 'paused';
  const stoppable = busy || next === 'pausing';
  startButton.disabled = next !== 'idle';
  form.enabled = next === 'idle' || next === 'loading';
  pauseButton.disabled = !busy;
  pauseButton.textContent = next === 'paused' ? 'Continue' : 'Pause';
  stopButton.disabled = !stoppable;
  const sentences: Readonly<Record<State, string>> = {
    loading: 'Loading the digits',
    idle: 'Ready',
    starting: 'Starting the engine',
    training: 'Training',
    pausing: 'Pausing',
    paused: 'Paused',
    stopping: 'Stopping',
    packing: 'Packing both networks, and comparing them with the trained ones',
  };
  show('status', sentences[next]);
}

function show(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

/** One sentence that tells what is wrong. The page stays as it is, and another training can be started. */
function complain(sentence: string): void {
  errorLine.textContent = sentence;
  errorLine.hidden = false;
}

function onReport(report: Report): void {
  switch (report.kind) {
    case 'ready':
      onReady(report);
      break;
    case 'started':
      onStarted(report);
      break;
    case 'progress':
      onProgress(report);
      break;
    case 'evaluated':
      onEvaluated(report);
      break;
    case 'paused':
      // Stop may have been pressed since.
      if (state === 'pausing') enter('paused');
      break;
    case 'packing':
      enter('packing');
      break;
    case 'done':
      show('tensors', `${report.tensorsLeft} left`);
      document.documentElement.dataset['trainingSeconds'] = report.seconds.toFixed(1);
      packed.show(report).then(
        () => {
          enter('idle');
          show('status', report.stopped ? 'Stopped, and packed' : 'Trained, and packed');
        },
        (error: unknown) => {
          enter('idle');
          complain(`The packed models cannot be run: ${String(error)}`);
        },
      );
      break;
    case 'failed':
      // Without the digits there is nothing to start.
      enter(state === 'loading' ? 'loading' : 'idle');
      complain(report.mistake ? sentenceOf(report.sentence) : `A defect: ${report.sentence}`);
      break;
  }
}

function sentenceOf(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}

/** The worker is gone: another takes its place. */
function onEnd(reason: string): void {
  const learnt = state !== 'loading' && state !== 'idle' && state !== 'starting';
  const lost = learnt ? ' What it had learnt is lost; start again.' : '';
  const never = state === 'loading';
  running = undefined;
  enter('loading');
  complain(`The worker that trains is gone: ${reason}.${lost}`);
  // One that could not even be loaded would not be so by itself.
  if (!never) worker = newWorker();
}

function onReady(ready: Ready): void {
  form.offer(ready);
  pictures.show(ready.pictures);
  packed.offerSamples(ready.samples);
  const notice = find('isolation', HTMLElement);
  notice.hidden = ready.isolated;
  show('cores', `of ${ready.cores} cores`);
  enter('idle');
}

function onStarted(started: Started): void {
  running = started;
  reached = networkNames.map(() => undefined);
  show('engine-used', started.engine);
  loss.begin(networkNames, started.steps);
  accuracy.begin(networkNames, started.steps);
  lambda.begin(started.layers, started.steps);
  cosine.begin(started.layers, started.steps);
  layerRows.replaceChildren();
  show('goal', '–');
  enter('training');
}

function onProgress(progress: Progress): void {
  if (running === undefined) return;
  const { step, seconds, stepsPerSecond, layers, tensors, bytes } = progress;
  loss.add(step, progress.losses);
  if (layers.length > 0) {
    lambda.add(
      step,
      layers.map((layer) => layer.lambda),
    );
    cosine.add(
      step,
      layers.map((layer) => layer.cosine),
    );
    showLayers(running.layers, layers);
  }
  pictures.show(progress.pictures);
  const { steps, stepsPerEpoch } = running;
  const epoch = Math.ceil(step / stepsPerEpoch);
  show('step', `${step.toLocaleString('en')} of ${steps.toLocaleString('en')}`);
  show('epoch', `epoch ${epoch} of ${steps / stepsPerEpoch}`);
  show('speed', `${stepsPerSecond.toPrecision(3)} a second`);
  show('time', `${seconds.toFixed(1)} s`);
  show('tensors', `${tensors} tensors`);
  show('bytes', bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`);
}

function showLayers(names: readonly string[], layers: readonly LayerReport[]): void {
  layerRows.replaceChildren(
    ...layers.map((layer, i) =>
      row(
        names[i],
        { number: layer.lambda.toPrecision(3) },
        { number: layer.cosine.toFixed(3) },
        { number: `${(100 * layer.clipped).toFixed(1)} %` },
      ),
    ),
  );
}

function onEvaluated({ step, seconds, correct, of }: Evaluated): void {
  accuracy.add(
    step,
    correct.map((count) => count / of),
  );
  correct.forEach((count, i) => {
    if (count / of >= goal) reached[i] ??= seconds;
  });
  const words = networkNames.map((name, i) => `${name} ${reached[i]?.toFixed(1) ?? '–'} s`);
  show('goal', words.join(', '));
}

/** A mistake of the person's is told; everything else is a defect and keeps its stack. */
function start(): void {
  errorLine.hidden = true;
  try {
    const settings = form.read();
    packed.hide();
    enter('starting');
    worker.send({ kind: 'start', settings });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(error.message);
  }
}

find('settings', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  if (state === 'idle') start();
});

pauseButton.addEventListener('click', () => {
  if (state === 'paused') {
    worker.send({ kind: 'continue' });
    enter('training');
  } else {
    worker.send({ kind: 'pause' });
    enter('pausing');
  }
});

stopButton.addEventListener('click', () => {
  worker.send({ kind: 'stop' });
  enter('stopping');
});
