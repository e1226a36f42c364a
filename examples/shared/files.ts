/** Files from the choosers, and files that are dropped anywhere on the page. */
import { find } from './elements.js';

/** @param take gets one file; of several the first. @param choosers ids of the page's choosers. */
export function onFiles(
  take: (file: File) => void,
  choosers: readonly string[] = ['model-file', 'picture-file'],
): void {
  for (const id of choosers) {
    const chooser = find(id, HTMLInputElement);
    chooser.addEventListener('change', () => {
      const file = chooser.files?.[0];
      if (file !== undefined) take(file);
      chooser.value = ''; // so that the same file can be chosen again
    });
  }
  const { body } = document;
  const over = (event: DragEvent, inside: boolean) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    body.classList.toggle('dragging', inside);
  };
  body.addEventListener('dragover', (event) => {
    over(event, true);
  });
  body.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) over(event, false);
  });
  body.addEventListener('drop', (event) => {
    over(event, false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) take(file);
  });
}
