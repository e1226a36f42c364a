/**
 * The page as a static site. Its two servers send the headers that let a page share memory with its workers, which threads
 * need; without them it trains on one thread.
 */
import { defineConfig } from 'vite';
import { digitsFile } from './digits-plugin.js';

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './', // runs in whatever folder of a server it is put
  plugins: [digitsFile()],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: 'es' },
});
