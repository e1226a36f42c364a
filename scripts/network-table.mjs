/**
 * Writes docs/networks.md from the networks. Needs a built workspace (`npm run build`).
 */
import { writeFile } from 'node:fs/promises';
import { networksPage } from '@surge-bnn/cli';

await writeFile(new URL('../docs/networks.md', import.meta.url), await networksPage());
