/** The 10,000 digits as one file beside the page: made when the site is built or served, from the npm package that holds them. */
import { loadImages } from '@surge-bnn/data';
import type { Plugin } from 'vite';
import { digitsName, encodeDigits } from './src/digits-file.js';

export function digitsFile(): Plugin {
  return {
    name: 'surge-digits',
    configureServer(server) {
      server.middlewares.use(`/${digitsName}`, (_request, response, next) => {
        makeFile().then((bytes) => response.end(bytes), next);
      });
    },
    async generateBundle() {
      if (this.environment.config.consumer !== 'client') return;
      this.emitFile({ type: 'asset', fileName: digitsName, source: await makeFile() });
    },
  };
}

async function makeFile(): Promise<Uint8Array> {
  const [train, test] = await Promise.all([
    loadImages('digits', { split: 'train' }),
    loadImages('digits', { split: 'test' }),
  ]);
  return encodeDigits({ train, test });
}
