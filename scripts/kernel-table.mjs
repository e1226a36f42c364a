/**
 * Writes docs/kernels.md from the engine's kernel table. Needs a built workspace (`npm run build`).
 */
import { writeFile } from 'node:fs/promises';
import { kernelSupport, supportPage } from '@surge-bnn/engine';

await writeFile(new URL('../docs/kernels.md', import.meta.url), supportPage(await kernelSupport()));
