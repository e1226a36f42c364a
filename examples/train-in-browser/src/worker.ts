/** The Web Worker: holds the digits and trains, so that the page never waits. It depends on no timer and no frame of the page. */
import { InputError } from '@surge-bnn/contract';
import { gpuBackendNames, gpuBackendProblem } from '@surge-bnn/engine';
import { Control } from './control.js';
import { fetchDigits } from './digits-file.js';
import type { Digits } from './digits-file.js';
import { holdLock } from './life.js';
import type { Order, Ready, Report } from './protocol.js';
import { defaultSettings } from './recipes.js';
import { engineNames } from './settings.js';
import type { Settings } from './settings.js';
import { picturesOf, trainPair } from './training.js';

let digits: Digits | undefined;
let control: Control | undefined;

function tell(report: Report): void {
  self.postMessage(report);
}

self.addEventListener('message', ({ data }: MessageEvent<Order | { readonly base: string }>) => {
  if ('base' in data) {
    void attempt(async () => {
      await holdLock(self.name);
      tell(await begin(data.base));
    });
  } else if (data.kind === 'start') {
    void attempt(() => train(data.settings));
  } else {
    control?.[data.kind]();
  }
});

/** What goes wrong is told in a sentence, and the worker is there for another try. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    const mistake = error instanceof InputError;
    if (!mistake) console.error(error);
    tell({ kind: 'failed', sentence, mistake });
  }
}

async function begin(base: string): Promise<Ready> {
  digits = await fetchDigits(base);
  const { train, test } = digits;
  const engines = engineNames.map(async (name) => {
    const gpu = gpuBackendNames.find((other) => other === name);
    return { name, problem: gpu && (await gpuBackendProblem(gpu)) };
  });
  return {
    kind: 'ready',
    engines: await Promise.all(engines),
    isolated: crossOriginIsolated,
    cores: navigator.hardwareConcurrency,
    defaults: defaultSettings(),
    pictures: picturesOf(train, Array.from({ length: 24 }).keys()),
    samples: picturesOf(
      test,
      test.classes.map((_, label) => test.labels.indexOf(label)),
    ),
  };
}

async function train(settings: Settings): Promise<void> {
  if (digits === undefined)
    throw new Error('the training was started before the digits were there');
  control = new Control();
  try {
    await trainPair(settings, digits, control, tell);
  } finally {
    control = undefined;
  }
}
