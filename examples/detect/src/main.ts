/** The page: a detector, a picture, and what is found in it. */
import { AskingWorker } from '../../shared/asking.js';
import { attempt } from '../../shared/attempt.js';
import { find, setText } from '../../shared/elements.js';
import { onFiles } from '../../shared/files.js';
import { readPicture } from '../../shared/picture-file.js';
import type { Raster } from '../../shared/raster.js';
import { Refusal } from '../../shared/refusal.js';
import { showBoxes } from './boxes-view.js';
import type { Found, Result, Task } from './protocol.js';

const worker = new AskingWorker<Task, Result>(
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }),
);
const least = find('least', HTMLInputElement);
let isLoaded = false;
/** The one to look at; shown when something was found in it, or nothing. */
let opened: Raster | undefined;
/** A picture and what was found in it: of one piece, so that no boxes stand on another picture. */
let seen: { readonly picture: Raster; readonly found: Found } | undefined;

async function openDetector(name: string, bytes: Uint8Array): Promise<void> {
  const answer = await worker.ask({ kind: 'load', name, bytes });
  if (!('loaded' in answer)) throw new Error('the worker gave another answer than to load');
  const { classes, kernels } = answer.loaded;
  isLoaded = true;
  setText('about', `${name} finds ${classes.length} kinds of objects: ${classes.join(', ')}.`);
  setText('size', `${(bytes.length / 1000).toFixed(1)} kB`);
  setText('kernels', kernels);
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
  setText('time', '–');
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
  setText('parts', parts.join(', '));
  setText('time', `${milliseconds.toFixed(0)} ms`);
}

function show(): void {
  setText('least-value', least.valueAsNumber.toFixed(2));
  if (seen !== undefined) showBoxes(seen.picture, seen.found, least.valueAsNumber);
}

least.addEventListener('input', show);

onFiles((file) => {
  attempt(async () => {
    if (file.type.startsWith('image/')) await openPicture(file, file.name);
    else await openDetector(file.name, new Uint8Array(await file.arrayBuffer()));
  });
});
