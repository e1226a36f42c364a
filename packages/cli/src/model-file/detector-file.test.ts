/** The verbs on a detector's file, as a user runs them: what is in pictures, what stands in the file, how good it is. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { packDetector, packModel } from '@surge-bnn/converter';
import { boxesInPicture, DetectionLoader, openDetection } from '@surge-bnn/data';
import { fasterRcnn, vocMeanAveragePrecision } from '@surge-bnn/detection';
import type { Detector, PictureDetections } from '@surge-bnn/detection';
import { useEngine } from '@surge-bnn/engine';
import { buildModel } from '@surge-bnn/models';
import { encodeDetector, encodeModel, PackedDetector } from '@surge-bnn/runtime';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inThisProcess as cli, jsonOf as json } from '../in-process.fixture.js';
import { sheetName } from './detector-predict.js';

let folder: string;
let detector: Detector;
const at = (name: string) => path.join(folder, name);
const pixels = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] };
const size = { shortSide: 60, longSide: 96 };

/** A picture of noise. */
const noise = (width: number, height: number, channels: 1 | 3 = 3) =>
  sharp(
    Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 37) % 256),
    {
      raw: { width, height, channels },
    },
  );

beforeAll(async () => {
  for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);
  await useEngine({ backend: 'surge-wasm', threads: 1 });
  folder = await mkdtemp(path.join(tmpdir(), 'surge-detector-file-'));
  const context = {
    inputBinarizer: 'ste',
    weightBinarizer: 'ste',
    seed: 1,
    inputShape: [64, 96, 3],
  } as const;
  detector = fasterRcnn(
    {
      backbone: { network: 'imagenet-resnet-18', options: { width: 4 } },
      neckWidth: 8,
      headWidth: 6,
      anchorSizes: [8, 16, 32, 48, 64],
      proposals: { before: 30, after: 12, threshold: 0.7 },
      detections: { leastScore: 0, most: 7 },
    },
    { ...context, inputShape: [64, 96, 3], classes: 2 },
  );
  const { source } = packDetector(detector, { classes: ['cat', 'dog'], size, pixels });
  const metadata = { agreement: { inputs: 3, inputsAre: 'pictures', equalOutputs: 3 } };
  await writeFile(at('detector.bnn'), encodeDetector({ ...source, metadata }));
  const network = { network: 'mlp', options: { depth: 2, units: 8 } };
  const model = buildModel(network, { ...context, inputShape: [4, 4, 1], classes: 2 });
  const classifier = packModel(model, { pixels: { mean: [0], std: [1] }, classes: ['a', 'b'] });
  await writeFile(at('classifier.bnn'), encodeModel(classifier.source));
  await noise(80, 50).jpeg().toFile(at('colour.jpg'));
  await noise(33, 71, 1).png().toFile(at('grey.png'));
  await noise(40, 40).toColourspace('cmyk').jpeg().toFile(at('cmyk.jpg'));
  await writeFile(at('text.png'), 'no picture');
  await mkdir(at('voc/JPEGImages'), { recursive: true });
  await mkdir(at('voc/Annotations'));
  await mkdir(at('voc/ImageSets/Main'), { recursive: true });
  for (const [id, width, height] of [
    ['one', 80, 50],
    ['two', 45, 90],
    ['empty', 30, 30],
  ] as const) {
    await noise(width, height)
      .png()
      .toFile(at(`voc/JPEGImages/${id}.png`));
    const box = '<bndbox><xmin>3</xmin><ymin>3</ymin><xmax>25</xmax><ymax>30</ymax></bndbox>';
    const object =
      id === 'empty' ? '' : `<object><name>${id === 'one' ? 'cat' : 'dog'}</name>${box}</object>`;
    const told = `<size><width>${width}</width><height>${height}</height><depth>3</depth></size>`;
    await writeFile(
      at(`voc/Annotations/${id}.xml`),
      `<annotation>\n${told}\n${object}\n</annotation>\n`,
    );
  }
  await writeFile(at('voc/ImageSets/Main/test.txt'), 'one\ntwo\nempty\n');
});
afterAll(async () => {
  detector.dispose();
  await rm(folder, { recursive: true });
});

interface Found {
  readonly out: string;
  readonly pictures: readonly {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly objects: readonly {
      readonly class: string;
      readonly score: number;
      readonly box: number[];
    }[];
  }[];
}

describe('predict', () => {
  it('tells what is in grey, colour and CMYK pictures, and draws it', async () => {
    const files = ['colour.jpg', 'grey.png', 'cmyk.jpg'].map(at);
    const out = at('sheet.png');
    const found = await json<Found>(
      'predict',
      at('detector.bnn'),
      ...files,
      '--least',
      '0',
      '--out',
      out,
    );
    expect(found.out).toBe(out);
    expect(found.pictures.map(({ width, height }) => [width, height])).toEqual([
      [80, 50],
      [33, 71],
      [40, 40],
    ]);
    for (const { width, height, objects } of found.pictures) {
      expect(objects).toHaveLength(7);
      for (const { box, score, class: name } of objects) {
        expect(['cat', 'dog']).toContain(name);
        expect(score > 0 && score < 1).toBe(true);
        box.forEach((v, k) => expect(v >= 0 && v <= (k % 2 ? height : width)).toBe(true));
      }
    }
    expect((await sharp(out).metadata()).width).toBe(3 * 640 + 4 * 6);
    // One picture is drawn in its own size, and its boxes are those of the runtime.
    const alone = await json<Found>(
      'predict',
      at('detector.bnn'),
      files[0],
      '--least',
      '0',
      '--out',
      out,
      '--force',
    );
    expect(await sharp(out).metadata()).toMatchObject({ width: 80 + 12 });
    expect(alone.pictures[0].objects).toEqual(found.pictures[0].objects);
    const data = await sharp(files[0]).raw().toBuffer();
    const packed = PackedDetector.fromBytes(await readFile(at('detector.bnn')));
    const { boxes } = packed.detect({
      data: new Uint8Array(data),
      width: 80,
      height: 50,
      channels: 3,
    });
    expect(alone.pictures[0].objects.flatMap(({ box }) => box)).toEqual([...boxes]);
  });

  it('prints a table, also of nothing', async () => {
    const args = ['predict', at('detector.bnn'), at('grey.png'), '--out', at('grey.boxes.png')];
    const { out } = await cli(...args, '--least', '0');
    expect(out).toMatch(/picture +object +score +x1, y1, x2, y2 +time/);
    expect(out).toMatch(/grey\.png +(cat|dog) +\d+\.\d+ %/);
    expect(out).toContain(`wrote ${at('grey.boxes.png')}`);
    // Another picture than this one's boxes is not replaced unasked.
    const again = await cli(...args, '--least', '1');
    expect(again).toMatchObject({ code: 2, out: '' });
    expect(again.err).toContain('is there already');
    const nothing = await cli(...args, '--least', '1', '--force');
    expect(nothing.out).toMatch(/grey\.png +nothing/);
    expect(sheetName(['a/street.jpg'])).toBe('street.boxes.png');
    expect(sheetName(['a.jpg', 'b.jpg'])).toBe('boxes.png');
  });

  it.each([
    ['predict {}/detector.bnn', 'a detector takes image files: give one or more'],
    ['predict {}/detector.bnn {}/text.png', 'text.png is no image that can be read'],
    ['predict {}/detector.bnn {}/none.png', 'none.png does not exist'],
    ['predict {}/detector.bnn {}/grey.png --top 3', '--top is for classifiers'],
    ['predict {}/detector.bnn --data digits --index 1', '--data is for classifiers'],
    ['predict {}/classifier.bnn {}/grey.png --least 0.1', '--least is for detectors'],
    ['evaluate {}/classifier.bnn --list test', '--list is for detectors'],
    ['evaluate {}/detector.bnn', 'name annotated pictures with --data'],
    ['evaluate {}/detector.bnn --data voc', 'the set "voc" needs a directory'],
    ['evaluate {}/detector.bnn --data nowhere', 'nowhere'],
    ['export {}/detector.bnn --onnx {}/x.onnx', 'the file holds a detector'],
    ['summary {}/detector.bnn --node nothing', 'unknown node "nothing"'],
  ])('%s: %s', async (line, message) => {
    const { code, err } = await cli(...line.replaceAll('{}', folder).split(' '));
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe('summary', () => {
  it('lists the nodes of body and tail, and the plan', async () => {
    const { out } = await cli('summary', at('detector.bnn'));
    for (const text of [
      'a detector of 2 classes',
      'body, of a picture of 64x96x3',
      'fpn.doubled.0',
      'tail, of one region',
      'roi_heads.box_predictor.cls_score',
      'short side 60, long side at most 96, padded to multiples of 32',
      '3 of 3 outputs equal bit for bit',
    ]) {
      expect(out).toContain(text);
    }
    const told = await json<Record<string, unknown>>('summary', at('detector.bnn'));
    expect(told).toMatchObject({
      plan: { classes: ['cat', 'dog'] },
      size: { total: (await readFile(at('detector.bnn'))).length },
    });
    const node = await json<{ tensors: unknown[] }>(
      'summary',
      at('detector.bnn'),
      '--node',
      'roi_heads.box_predictor.cls_score',
    );
    expect(node.tensors).toHaveLength(2);
  });
});

describe('evaluate', () => {
  it('has the mean average precision of the trained detector, bit for bit', async () => {
    const given = ['evaluate', at('detector.bnn'), '--data', 'voc', '--directory', at('voc')];
    const evaluation = await json<Record<string, unknown>>(...given);
    const set = await openDetection('voc', {
      list: 'test',
      directory: at('voc'),
      classes: ['cat', 'dog'],
    });
    const found: PictureDetections[] = [];
    const loader = new DetectionLoader(set, {
      ...{
        batchSize: 1,
        seed: 0,
        shuffle: false,
        size,
        normalization: pixels,
        padMultiple: 32,
        workers: 0,
      },
    });
    for await (const { images, width, height, targets } of loader.epoch(0)) {
      const pictures = tf.tensor4d(images, [1, height, width, 3]);
      const [seen] = detector.detect({ pictures, sizes: targets }, { canonical: true });
      pictures.dispose();
      const boxes = boxesInPicture(seen.boxes, targets[0], set.pictures[targets[0].index]);
      found.push({ ...seen, boxes, classes: seen.classes.map((one) => one - 1) });
    }
    await loader.close();
    const { meanAveragePrecision, classes } = vocMeanAveragePrecision(set.pictures, found, {
      classes: 2,
    });
    expect(evaluation).toMatchObject({
      measure: 'mAP@0.5',
      accuracy: meanAveragePrecision,
      perClass: { cat: classes[0].averagePrecision, dog: classes[1].averagePrecision },
      images: 3,
      boxes: 21,
      list: 'test',
    });
    expect((await cli(...given)).out).toMatch(
      /^mAP@0\.5 \d+\.\d+ %\non the list "test" of [^]*\ncat \d[^]*\n21 boxes in 3 pictures, /,
    );
  });
});
