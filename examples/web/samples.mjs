// The sample digits of the page, of each class the first among the test digits: node examples/web/samples.mjs
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadImages } from '@surge-bnn/data';
import sharp from 'sharp';

const folder = fileURLToPath(new URL('public/samples/', import.meta.url));
await mkdir(folder, { recursive: true });
const { images, labels, height, width, classes } = await loadImages('digits', { split: 'test' });
for (const [label, name] of classes.entries()) {
  const from = labels.indexOf(label) * height * width;
  const bytes = Uint8Array.from(images.subarray(from, from + height * width));
  await sharp(bytes, { raw: { height, width, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toFile(`${folder}digit-${name}.png`);
}
