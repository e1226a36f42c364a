// A model file on a digit, in Node: node examples/run-packed.mjs [model.bnn]. In a page, load() takes a URL.
import { loadImages } from '@surge-bnn/data';
import { load } from '@surge-bnn/runtime';

const model = await load(process.argv[2] ?? 'runs/demo/surge/model.bnn'); // path, URL or bytes
const { images, labels } = await loadImages('digits', { split: 'test' });
const logits = model.run(images.slice(0, 784)); // one picture's bytes; or float32 inputs, or several
const digit = model.classes?.[logits.indexOf(Math.max(...logits))];
console.log(`a ${labels[0]}, read as ${digit}`);
