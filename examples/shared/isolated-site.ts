/**
 * An example as a static site. Its two servers send the headers that let a page share memory with its workers, which threads
 * need; without them it runs on one thread.
 */
import type { UserConfig } from 'vite';

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export const isolatedSite: UserConfig = {
  base: './', // runs in whatever folder of a server it is put
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es' },
};
