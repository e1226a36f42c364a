/**
 * The process of one contender: loads the network, checks its logits, and reads the sentences on request. A sample is all of them once, one at a time;
 * its seconds are those of a sentence, their mean.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { milliseconds, serveSamples } from '../lib/serve-samples.mjs';

const config = JSON.parse(process.argv[2]);
const read = (name) => readFileSync(path.join(config.folder, name));
/** Of the largest logit: what float sums in another order may differ by. */
const tolerance = 1e-4;

await serveSamples(async () => {
  const { ids } = JSON.parse(read('sentences.json').toString());
  const { open } = await import(`./runners/${config.runner}.mjs`);
  const load = await open(config, read);
  let model;
  const first = await milliseconds(async () => {
    model = await load();
  });
  const difference = await checked(model, ids);
  return { start: { first, difference }, sample: () => sample(model, ids) };
});

/** Speed of a wrong result means nothing. @returns the largest difference, as a share of the largest logit */
async function checked(model, ids) {
  const bytes = new Uint8Array(read(`${config.kind}.expected.f32`));
  const expected = new Float32Array(bytes.buffer);
  const found = [];
  for (const one of ids) {
    if (found.length === expected.length) break;
    found.push(...(await model.logits(one)));
  }
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = Math.max(...found.map((value, i) => Math.abs(value - expected[i])));
  const share = worst / largest;
  if (!(share <= (config.exact ? 0 : tolerance))) {
    throw new Error(`its logits differ from the expected ones by ${share} of the largest`);
  }
  return share;
}

/** Seconds a sentence. */
async function sample(model, ids) {
  const all = await milliseconds(async () => {
    for (const one of ids) await model.logits(one);
  });
  return all / 1000 / ids.length;
}
