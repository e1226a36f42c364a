/** The page: which model, what it reads, what it says. */
import { attempt } from '../../shared/attempt.js';
import { find, make } from '../../shared/elements.js';
import { onFiles } from '../../shared/files.js';
import { ModelWorker } from './model-worker.js';
import { showModel } from './model-view.js';
import type { CurrentModel } from './model-view.js';
import { fetched, listModels } from './models.js';
import type { ListedModel, Sample } from './models.js';
import { Pad } from '../../shared/pad.js';
import { paint } from '../../shared/paint.js';
import { readPicture } from '../../shared/picture-file.js';
import { prepareDrawing, preparePicture } from './prepare.js';
import type { Prepared } from './prepare.js';
import { Refusal } from '../../shared/refusal.js';
import { ResultView } from './result-view.js';

const worker = new ModelWorker();
const result = new ResultView();
const select = find('models', HTMLSelectElement);
const padCanvas = find('pad', HTMLCanvasElement);
const photo = find('photo', HTMLCanvasElement);
const hint = find('hint', HTMLElement);
const empty = find('empty', HTMLElement);
const clearButton = find('clear', HTMLButtonElement);
const errorLine = find('error', HTMLElement);

let listed: readonly ListedModel[] = [];
let current: CurrentModel | undefined;
/** What is before the model, and of that what it has still to read. */
let stage: Prepared | undefined;
let next: { readonly prepared: Prepared; readonly timed: boolean } | undefined;
let running = false;

/** A stroke is read as it grows, once a frame; the time is taken when the hand rests, because that keeps the worker busy. */
const restMilliseconds = 300;
let frame: number | undefined;
let rest: number | undefined;

const pad = new Pad(padCanvas, (done) => {
  frame ??= window.requestAnimationFrame(() => {
    frame = undefined;
    readPad(false);
  });
  window.clearTimeout(rest);
  if (!done) return;
  rest = window.setTimeout(() => {
    readPad(true);
  }, restMilliseconds);
});

/** What was drawn is not read any more. */
function forgetStroke(): void {
  if (frame !== undefined) window.cancelAnimationFrame(frame);
  frame = undefined;
  window.clearTimeout(rest);
}

function readPad(timed: boolean): void {
  if (current === undefined) return;
  const prepared = prepareDrawing(pad.ink(), current.loaded.reads);
  if (prepared !== undefined) predict(prepared, timed);
}

async function open(name: string, bytes: Uint8Array, entry?: ListedModel): Promise<void> {
  const loaded = await worker.load(name, bytes);
  current = { name, fileBytes: bytes.length, loaded, listed: entry };
  showModel(current);
  result.prepare(loaded);
  showChoice(current);
  showSamples(entry?.samples ?? []);
  find('input-title', HTMLElement).textContent = loaded.reads.digits ? 'Draw a digit' : 'Picture';
  clear();
}

async function openListed(entry: ListedModel): Promise<void> {
  const response = await fetched(entry.file);
  await open(entry.file, new Uint8Array(await response.arrayBuffer()), entry);
}

/** The select names the model that runs, also one that is not on the list. */
function showChoice({ name, listed: entry }: CurrentModel): void {
  const options = listed.map(({ title, file }) => new Option(title, file));
  if (entry === undefined) options.push(new Option(name, '', true, true));
  select.replaceChildren(...options);
  if (entry !== undefined) select.value = entry.file;
}

function showSamples(samples: readonly Sample[]): void {
  const place = find('samples', HTMLElement);
  place.replaceChildren(
    ...samples.map(({ file, label }) => {
      const button = make('button', 'sample');
      button.type = 'button';
      const image = make('img');
      image.src = new URL(file, document.baseURI).href;
      image.alt = `Sample: ${label}`;
      button.append(image);
      button.addEventListener('click', () => {
        attempt(async () => openPicture(await (await fetched(file)).blob(), file));
      });
      return button;
    }),
  );
}

async function openPicture(file: Blob, name: string): Promise<void> {
  if (current === undefined) throw new Refusal('Open a model first.');
  const { reads } = current.loaded;
  const picture = await readPicture(file, name);
  const prepared = preparePicture(picture, reads);
  clear();
  if (reads.digits) pad.show(prepared.picture);
  else paint(photo, picture);
  predict(prepared, true);
}

function clear(): void {
  forgetStroke();
  stage = undefined;
  next = undefined;
  pad.clear();
  result.clear();
  const drawn = current?.loaded.reads.digits ?? false;
  padCanvas.hidden = !drawn;
  hint.hidden = !drawn;
  photo.hidden = true;
  empty.hidden = drawn;
  clearButton.disabled = true;
}

/** While the model runs, only the newest picture waits: a stroke makes many. */
function predict(prepared: Prepared, timed: boolean): void {
  stage = prepared;
  next = { prepared, timed };
  result.showSeen(prepared);
  hint.hidden = true;
  empty.hidden = true;
  photo.hidden = current?.loaded.reads.digits ?? true;
  clearButton.disabled = false;
  if (!running) attempt(runNext);
}

async function runNext(): Promise<void> {
  running = true;
  try {
    while (next !== undefined && current !== undefined) {
      const [wanted, model] = [next, current];
      next = undefined;
      try {
        const outputs = await worker.run(wanted.prepared.picture.bytes, wanted.timed);
        if (model === current && stage !== undefined) result.show(outputs, model.loaded);
      } catch (error) {
        // A picture for the model before may meet the one that was just loaded: nobody waits for it.
        if (model === current) throw error;
      }
    }
  } finally {
    running = false;
  }
}

clearButton.addEventListener('click', () => {
  errorLine.hidden = true;
  clear();
});

select.addEventListener('change', () => {
  const entry = listed.find(({ file }) => file === select.value);
  if (entry === undefined) return;
  attempt(async () => {
    try {
      await openListed(entry);
    } finally {
      if (current !== undefined) showChoice(current);
    }
  });
});

onFiles((file) => {
  attempt(async () => {
    if (file.type.startsWith('image/')) await openPicture(file, file.name);
    else await open(file.name, new Uint8Array(await file.arrayBuffer()));
  });
});

attempt(async () => {
  listed = await listModels();
  await openListed(listed[0]);
});
