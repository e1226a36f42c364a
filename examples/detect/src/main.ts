/** The page: a detector, a picture, and what is found in it. */
import { AskingWorker } from '../../shared/asking.js';
import { find } from '../../shared/elements.js';
import { onFiles } from '../../shared/files.js';
import { readPicture } from '../../shared/picture-file.js';
import type { Raster } from '../../shared/raster.js';
import { Refusal } from '../../shared/refusal.js';
import { showBoxes } from './boxes-view.js';
import type { Found, Result, Task } from './protocol.js';

const worker = new AskingWorker<Task, Result>(
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
);
const errorLine = find('error', HTMLElement);
const least = find('least', HTMLInputElement);
let isLoaded = false;
/** The one to look at; shown when something was found in it, or nothing. */
let opened: Raster | undefined;
/** A picture and what was found in it: of one piece, so that no boxes stand on another picture. */
let seen: { readonly picture: Raster; readonly found: Found } | undefined;

const text = (id: string, value: string) => {
  find(id, HTMLElement).textContent = value;
};

/** Runs what a person asked for; what goes wrong is one sentence on the page, and the page goes on. */
function attempt(action: () => Promise<void>): void {
  errorLine.hidden = true;
  action().catch((error: unknown) => {
    const sentence = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof Refusal;
    errorLine.textContent = isRefusal ? sentence : `This page has a defect: ${sentence}`;
    errorLine.hidden = false;
    if (!isRefusal) console.error(error);
  });
}

async function openDetector(name: string, bytes: Uint8Array): Promise<void> {
  const answer = await worker.ask({ kind: 'load', name, bytes });
  if (!('loaded' in answer)) throw new Error('the worker gave another answer than to load');
  const { classes, kernels } = answer.loaded;
  isLoaded = true;
  text('about', `${name} finds ${classes.length} kinds of objects: ${classes.join(', ')}.`);
  text('size', `${(bytes.length / 1000).toFixed(1)} kB`);
  text('kernels', kernels);
  await look();
}

async function openPicture(file: Blob, name: string): Promise<void> {
  opened = await readPicture(file, name);
  await look();
}

async function look(): Promise<void> {
  if (opened === undefined) return;
  if (!isLoaded) throw new Refusal('Open a detector first: a *.bnn file.');
  const picture = opened;
  text('time', '–');
  const { width, height, bytes: data } = picture;
  const answer = await worker.ask({
    kind: 'detect',
    picture: { data, width, height, channels: 3 },
  });
  if (!('found' in answer)) throw new Error('the worker gave another answer than to detect');
  if (picture !== opened) return; // another picture was opened meanwhile
  const { found } = answer;
  seen = { picture, found };
  find('photo', HTMLElement).hidden = false;
  find('empty', HTMLElement).hidden = true;
  show();
  const { times, milliseconds } = found;
  const parts = (Object.keys(times) as (keyof typeof times)[]).map(
    (part) => `${part} ${times[part].toFixed(0)}`,
  );
  text('parts', parts.join(', '));
  text('time', `${milliseconds.toFixed(0)} ms`);
}

function show(): void {
  text('least-value', least.valueAsNumber.toFixed(2));
  if (seen !== undefined) showBoxes(seen.picture, seen.found, least.valueAsNumber);
}

least.addEventListener('input', show);

onFiles((file) => {
  attempt(async () => {
    if (file.type.startsWith('image/')) await openPicture(file, file.name);
    else await openDetector(file.name, new Uint8Array(await file.arrayBuffer()));
  });
});
