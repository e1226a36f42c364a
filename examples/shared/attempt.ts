/** What a person asks of a page, and the one line of it that says what went wrong. */
import { find } from './elements.js';
import { Refusal } from './refusal.js';

const errorLine = find('error', HTMLElement);

/** Runs what a person asked for; what goes wrong is one sentence on the page, and the page goes on. */
export function attempt(action: () => Promise<void>): void {
  errorLine.hidden = true;
  action().catch((error: unknown) => {
    const sentence = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof Refusal;
    errorLine.textContent = isRefusal ? sentence : `This page has a defect: ${sentence}`;
    errorLine.hidden = false;
    if (!isRefusal) console.error(error);
  });
}
