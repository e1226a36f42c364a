/** The verbs on the file of an SSD, as a user runs them: what is in pictures, what stands in the file, how good it is. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { packDetector } from '@surge-bnn/converter';
import { boxesInPicture, DetectionLoader, openDetection } from '@surge-bnn/data';
import { ssd300, vocMeanAveragePrecision } from '@surge-bnn/detection';
import type { Detector, PictureDetections } from '@surge-bnn/detection';
import { useEngine } from '@surge-bnn/engine';
import { encodeDetector } from '@surge-bnn/runtime';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inThisProcess as cli, jsonOf as json } from '../in-process.fixture.js';

let folder: string;
let detector: Detector;
const at = (name: string) => path.join(folder, name);
const pixels = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] };
const size = { width: 60, height: 41 };

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
  await useEngine({ backend: 'surge-wasm', threads: 1 });
  folder = await mkdtemp(path.join(tmpdir(), 'surge-single-shot-'));
  detector = ssd300(
    {
      backbone: { network: 'imagenet-vgg-16', options: { width: 4 } },
      scales: [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
      detections: { leastScore: 0, threshold: 0.9, most: 600 },
    },
    {
      ...{ inputBinarizer: 'ste', weightBinarizer: 'ste', seed: 1, classes: 2 },
      inputShape: [size.height, size.width, 3],
    },
  );
  // Boxes stay where the default boxes are, so that some of them fit.
  for (const layer of detector.model.layers) {
    if (!/^head\.regression_head\.module_list\.\d$/.test(layer.name)) continue;
    layer.weights[0].write(tf.tidy(() => tf.mul(layer.weights[0].read(), 0.01)));
  }
  const { source } = packDetector(detector, { classes: ['cat', 'dog'], size, pixels });
  await writeFile(at('ssd.bnn'), encodeDetector(source));
  await mkdir(at('voc/JPEGImages'), { recursive: true });
  await mkdir(at('voc/Annotations'));
  await mkdir(at('voc/ImageSets/Main'), { recursive: true });
  for (const [id, width, height] of [
    ['one', 80, 50],
    ['two', 45, 90],
  ] as const) {
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 37) % 256);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(at(`voc/JPEGImages/${id}.png`));
    const box = '<bndbox><xmin>3</xmin><ymin>3</ymin><xmax>25</xmax><ymax>30</ymax></bndbox>';
    const object = `<object><name>${id === 'one' ? 'cat' : 'dog'}</name>${box}</object>`;
    const told = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
    await writeFile(
      at(`voc/Annotations/${id}.xml`),
      `<annotation>\n${told}\n${object}\n</annotation>\n`,
    );
  }
  await writeFile(at('voc/ImageSets/Main/test.txt'), 'one\ntwo\n');
});
afterAll(async () => {
  detector.dispose();
  await rm(folder, { recursive: true });
});

it('predict tells what is in a picture of any size', async () => {
  interface Found {
    readonly pictures: readonly { readonly objects: readonly { readonly box: number[] }[] }[];
  }
  const picture = at('voc/JPEGImages/two.png');
  const given = ['predict', at('ssd.bnn'), picture, '--least', '0', '--out', at('sheet.png')];
  const { pictures } = await json<Found>(...given);
  expect(pictures[0].objects.length).toBeGreaterThan(7);
  for (const { box } of pictures[0].objects) {
    box.forEach((v, k) => expect(v >= 0 && v <= (k % 2 ? 90 : 45)).toBe(true));
  }
});

it('summary lists the nodes of the body, and the plan', async () => {
  const { out } = await cli('summary', at('ssd.bnn'));
  for (const text of [
    'a detector of 2 classes',
    'body, of a picture of 41x60x3',
    'L2 norm',
    'stretched to 60x41\n',
    '4, 6, 6, 6, 4, 4 at a pixel of 6 maps',
  ]) {
    expect(out).toContain(text);
  }
  expect(out).not.toContain('tail');
  const given = ['summary', at('ssd.bnn'), '--node', 'l2_norm'];
  const node = await json<{ tensors: { values: number[] }[] }>(...given);
  expect(node.tensors.map(({ values }) => values)).toEqual([Array(32).fill(20)]);
});

it('evaluate has the mean average precision of the trained detector, bit for bit', async () => {
  const directory = at('voc');
  const given = ['evaluate', at('ssd.bnn'), '--data', 'voc', '--directory', directory];
  const evaluation = await json<Record<string, unknown>>(...given);
  const set = await openDetection('voc', { list: 'test', directory, classes: ['cat', 'dog'] });
  const loader = new DetectionLoader(set, {
    ...{ batchSize: 2, seed: 0, shuffle: false, workers: 0 },
    ...{ size, normalization: pixels, padMultiple: detector.multiple },
  });
  const found: PictureDetections[] = [];
  for await (const { images, width, height, targets } of loader.epoch(0)) {
    const pictures = tf.tensor4d(images, [targets.length, height, width, 3]);
    const all = detector.detect({ pictures, sizes: targets }, { canonical: true });
    pictures.dispose();
    all.forEach((seen, i) => {
      const boxes = boxesInPicture(seen.boxes, targets[i], set.pictures[targets[i].index]);
      found.push({ ...seen, boxes, classes: seen.classes.map((one) => one - 1) });
    });
  }
  await loader.close();
  const { meanAveragePrecision } = vocMeanAveragePrecision(set.pictures, found, { classes: 2 });
  const boxes = found.reduce((sum, { scores }) => sum + scores.length, 0);
  expect(evaluation).toMatchObject({ boxes });
  expect(meanAveragePrecision).toBeGreaterThan(0);
  expect(evaluation).toMatchObject({ measure: 'mAP@0.5', accuracy: meanAveragePrecision });
});
