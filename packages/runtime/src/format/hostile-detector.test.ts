/** Detectors whose plan or graphs make no sense, by themselves or together: refused with a message that says where and what is allowed. */
import { describe, expect, it } from 'vitest';
import { PackedDetector } from '../detector/packed-detector.js';
import type { GraphNode } from '../graph.js';
import { tiny } from './models.fixture.js';
import { smallDetector, smallSingleShot } from './detectors.fixture.js';
import { expectRefused } from './refusal.fixture.js';
import type { Refusal } from './refusal.fixture.js';
import { decodeModel } from './read.js';
import { decodeDetector, fileKind } from './read-detector.js';
import { headerOf, withGraph, withText, withValue } from './surgery.fixture.js';
import type { Path } from './surgery.fixture.js';
import { detectorFileSize, encodeDetector, encodeModel } from './write.js';

const file = encodeDetector(smallDetector());
const single = encodeDetector(smallSingleShot());
const refused = (make: () => Uint8Array, message: string | RegExp) =>
  expectRefused(make, message, decodeDetector);

describe('a detector’s file', () => {
  it.each([false, true])('is read again, compact: %s', (compact) => {
    for (const source of [smallDetector(), smallSingleShot()]) {
      const bytes = encodeDetector(source, { compact });
      const read = decodeDetector(bytes);
      expect(encodeDetector(read, { compact })).toEqual(bytes);
      expect(read.plan).toEqual(source.plan);
      expect(read.body).toEqual(source.body);
      expect(read.tail).toEqual(source.tail);
      expect(read.metadata).toEqual(source.metadata);
      expect(detectorFileSize(source, { compact }).total).toBe(bytes.length);
    }
  });

  it('is of version 3, and is told from a model’s', () => {
    expect(headerOf(file).metadata.version).toBe('3');
    expect(fileKind(file)).toBe('detector');
    expect(fileKind(encodeModel(tiny()))).toBe('model');
    expect(() => decodeModel(file)).toThrow('the file holds a detector and no model');
    expect(() => decodeDetector(encodeModel(tiny()))).toThrow('the file holds a model and no');
  });

  it('is of version 4 where a graph has what version 3 has not', () => {
    const source = smallDetector();
    const nodes = source.tail.nodes.map((node): GraphNode =>
      node.op === 'relu' ? { ...node, op: 'gelu', attributes: {} } : node,
    );
    expect(nodes.some(({ op }) => op === 'gelu')).toBe(true);
    const bent = encodeDetector({ ...source, tail: { ...source.tail, nodes } });
    expect(headerOf(bent).metadata.version).toBe('4');
  });

  const text = (key: string, value: unknown) => () => withValue(file, ['__metadata__', key], value);
  it.each<Refusal>([
    ['of version 2', text('version', '2'), 'holds a detector, which version 2 has not'],
    ['without a tail', text('tail', undefined), 'has no "tail"'],
    ['whose tail is no JSON', text('tail', '{'), 'the tail: the graph is not valid JSON'],
    [
      'of one stage with a tail',
      () => withValue(single, ['__metadata__', 'tail'], headerOf(file).metadata['tail']),
      'unknown key "tail"; its detector is single-shot',
    ],
    ['whose plan is no JSON', text('detector', '{"a":1,"a":2}'), 'the key "a" stands twice'],
    ['whose plan is a list', text('detector', '[]'), 'the detector must be an object'],
  ])('%s', (_, make, message) => refused(make, message));

  it('of which a model has a part', () => {
    const model = encodeModel(tiny());
    const { tail } = headerOf(file).metadata;
    const odd = withValue(model, ['__metadata__', 'tail'], tail);
    expectRefused(() => odd, 'unknown key "tail"');
  });
});

describe('a plan', () => {
  const set = (path: Path, value: unknown) => () => withText(file, 'detector', path, value);
  it.each<Refusal>([
    [
      'of another kind',
      set(['kind'], 'three-stage'),
      'kind is "three-stage"; allowed: two-stage, single-shot',
    ],
    ['of no kind', set(['kind'], undefined), 'the detector has no "kind"; allowed: two-stage'],
    ['of the other kind', set(['kind'], 'single-shot'), 'has no "defaultBoxes"'],
    ['with an unknown key', set(['fast'], true), 'unknown key "fast"'],
    ['without classes', set(['classes'], []), 'the detector has 0 classes; allowed: 1 to 16384'],
    ['with a class for terminals', set(['classes', 0], '\u001b[2J'), 'class "\\u001b[2J": a name'],
    [
      'with other classes',
      set(['classes'], ['a']),
      'the tail: its outputs are [[3],[12]]; allowed: [[2],[8]]',
    ],
    ['whose size is half', set(['size'], { width: 3 }), 'the detector\'s size has no "height"'],
    ['whose size is both', set(['size', 'width'], 3), 'size has no "height"'],
    [
      'whose size is 0',
      set(['size', 'shortSide'], 0),
      'shortSide is 0; allowed: integers from 1 to 12',
    ],
    [
      'whose long side is short',
      set(['size', 'longSide'], 7),
      'shortSide is 8; allowed: integers from 1 to 7',
    ],
    ['whose sides are huge', set(['size', 'longSide'], 1e9), 'longSide is 1000000000; allowed'],
    ['with another multiple', set(['multiple'], 5), 'height and width multiples of 5'],
    ['without levels', set(['anchors'], []), 'anchors for 0 levels; allowed: 1 to 64'],
    [
      'with a level too many',
      set(['anchors', 2], { sizes: [1], ratios: [1] }),
      'the body has 6 outputs; allowed: 8',
    ],
    [
      'without sizes',
      set(['anchors', 0, 'sizes'], []),
      'anchors of level 0: sizes is []; allowed: 1 to 64 numbers',
    ],
    ['with anchors of size 0', set(['anchors', 1, 'sizes', 0], 0), 'sizes is [0,8]; allowed'],
    [
      'with a size too many',
      set(['anchors', 0, 'sizes'], [1, 2]),
      'level 0 has an objectness [4,6,2]',
    ],
    [
      'with many proposals',
      set(['proposals', 'before'], 65_537),
      'before is 65537; allowed: integers from 0 to 65536',
    ],
    ['with half a proposal', set(['proposals', 'after'], 0.5), 'after is 0.5'],
    [
      'with a negative threshold',
      set(['proposals', 'threshold'], -1),
      'threshold is -1; allowed: numbers of at least 0',
    ],
    [
      'with three weights',
      set(['proposals', 'weights'], [1, 1, 1]),
      'weights is [1,1,1]; allowed: four',
    ],
    [
      'with a weight of 0',
      set(['regions', 'weights', 2], 0),
      'weights is [10,10,0,5]; allowed: four',
    ],
    ['without maps', set(['regions', 'maps'], 0), 'maps is 0; allowed: integers from 1 to 64'],
    ['with a map too many', set(['regions', 'maps'], 3), 'the body has 6 outputs; allowed: 7'],
    [
      'with other bins',
      set(['regions', 'bins'], 3),
      'input "regions" is [2,2,4]; allowed: [3,3,4]',
    ],
    ['with many bins', set(['regions', 'bins'], 65), 'bins is 65; allowed: integers from 1 to 64'],
    [
      'with a number for a flag',
      set(['regions', 'aligned'], 1),
      'aligned is 1; allowed: true, false',
    ],
    ['with text for a number', set(['detections', 'most'], '9'), 'most is "9"; allowed'],
    ['with a key too many', set(['detections', 'least'], 9), 'unknown key "least"'],
  ])('%s', (_, make, message) => refused(make, message));
});

describe('the work of a plan', () => {
  const plan = smallDetector().plan;
  const { proposals, regions } = plan;
  it.each([
    // 4 bins of 64 x 64 samples: 2^14 for a region.
    [
      'samples',
      { proposals: { ...proposals, after: 1024 }, regions: { ...regions, samplingRatio: 64 } },
      undefined,
    ],
    [
      'a sample too many',
      { proposals: { ...proposals, after: 1025 }, regions: { ...regions, samplingRatio: 64 } },
      'the detector reads 16793600 samples for a picture: bins 2 and samplingRatio 64, both squared, times after 1025; allowed: 16777216',
    ],
    // Two levels: 2 * 23,170^2 is under 2^30.
    ['pairs', { proposals: { ...proposals, before: 23_170 } }, undefined],
    [
      'a pair too many',
      { proposals: { ...proposals, before: 23_171 } },
      'before 23171 squared times 2 levels; allowed: 1073741824',
    ],
  ])('%s', (_, changed, message) => {
    const write = () => encodeDetector({ ...smallDetector(), plan: { ...plan, ...changed } });
    if (message === undefined) expect(decodeDetector(write())).toBeDefined();
    else expect(write).toThrow(message);
  });

  it('with samples for each pixel depends on the picture', () => {
    const source = {
      ...smallDetector(),
      plan: {
        ...plan,
        size: { shortSide: 256, longSide: 512 },
        proposals: { ...proposals, after: 2 ** 14 },
        regions: { ...regions, samplingRatio: 0 },
      },
    };
    const detector = PackedDetector.from(source);
    const see = (width: number, height: number) => {
      const size = { width, height };
      return detector.detectPlaced(new Float32Array(3 * width * height), size, size);
    };
    // The fine map has stride 2: 128 x 128 pixels times 2^14 regions.
    expect(see(256, 256)).toBeDefined();
    expect(() => see(256, 260)).toThrow(
      'reads up to 272629760 pixels for a picture: all of a map [130,128,4] for each of after 16384 regions, with samplingRatio 0; allowed: 268435456',
    );
  });
});

describe('a detector’s graphs', () => {
  const swapped = ['fine', 'coarse', 'deltas0', 'deltas1', 'objectness0', 'objectness1'];
  const body = (path: Path, value: unknown) => () => withGraph(file, path, value);
  const tail = (path: Path, value: unknown) => () => withText(file, 'tail', path, value);
  it.each<Refusal>([
    [
      'a body without pixels',
      body(['inputs', 0, 'pixels'], undefined),
      'is [8,12,3] without pixels',
    ],
    [
      'a body with classes',
      body(['classes'], ['a', 'b', 'c', 'd']),
      'the graph names 4 classes; allowed: 2',
    ],
    [
      'an output too few',
      body(['outputs', 5], undefined),
      'the output does not depend on node "deltas1"',
    ],
    ['outputs in another order', body(['outputs'], swapped), 'level 0 has an objectness [4,6,8]'],
    ['an output that is none', body(['outputs', 0], 'pictures'), 'is not the name of a node'],
    ['an output of bits', body(['outputs', 0], 'sign'), 'output "sign" is bits; allowed: f32, i32'],
    ['two inputs', body(['inputs', 1], { name: 'y', shape: [1] }), 'has 2 inputs; allowed: one'],
    [
      'a tail with pixels',
      tail(['inputs', 0, 'pixels'], { mean: [0, 0, 0, 0], std: [1, 1, 1, 1] }),
      'with pixels; allowed: [2,2,4]',
    ],
    ['a tail with one output', tail(['outputs'], ['logits']), 'does not depend on node "deltas"'],
    [
      'a tail of other units',
      tail(['nodes', 4, 'attributes', 'units'], 4),
      'node "logits" (dense) says that it makes',
    ],
    [
      'a tensor that nobody reads',
      tail(['nodes', 5, 'tensors', 'kernel'], 'deltas0.kernel'),
      'its kernel "deltas0.kernel" is F32',
    ],
  ])('%s', (_, make, message) => refused(make, message));

  it('a body that gives edges another shape', () => {
    const source = smallDetector();
    const nodes = source.body.nodes.map((node) =>
      node.name === 'above'
        ? { ...node, op: 'reshape' as const, inputs: ['norm'], attributes: { shape: [4, 6, 4] } }
        : node,
    );
    expect(() => encodeDetector({ ...source, body: { ...source.body, nodes } })).toThrow(
      'node "above" is a reshape, which wants pictures of one size',
    );
  });
});

describe('a plan of one stage', () => {
  const set = (path: Path, value: unknown) => () => withText(single, 'detector', path, value);
  const body = (path: Path, value: unknown) => () => withGraph(single, path, value);
  it.each<Refusal>([
    ['of the other kind', set(['kind'], 'two-stage'), 'the detector has no "multiple"'],
    ['with an unknown key', set(['multiple'], 1), 'unknown key "multiple"'],
    ['without default boxes', set(['defaultBoxes'], undefined), 'has no "defaultBoxes"'],
    [
      'of many sizes',
      set(['size'], { shortSide: 9, longSide: 11 }),
      'the detector\'s size has no "width"',
    ],
    [
      'of another size',
      set(['size', 'width'], 12),
      'the body\'s input "pictures" is [9,11,3]; allowed: [9,12,3] with pixels',
    ],
    [
      'whose pictures are huge',
      set(['size', 'width'], 8193),
      'width is 8193; allowed: integers from 1 to 8192',
    ],
    [
      'with other classes',
      set(['classes'], ['a']),
      'map 0 has logits [5,6,12] and deltas [5,6,16]; allowed: [height, width, 8] and [height, width, 16], for its 4 boxes of a pixel and 1 classes',
    ],
    ['without classes', set(['classes'], []), 'the detector has 0 classes'],
    ['without maps', set(['defaultBoxes', 'ratios'], []), 'ratios are those of 0 maps; allowed'],
    [
      'with many maps',
      set(['defaultBoxes', 'ratios'], Array(65).fill([])),
      'ratios are those of 65 maps; allowed: 1 to 64',
    ],
    [
      'with a map too many',
      set(['defaultBoxes', 'ratios'], [[2], [], []]),
      'scales is [0.3,0.6,0.9]; allowed: 4 numbers from 1 / 8192 to 8192',
    ],
    ['with a ratio too many', set(['defaultBoxes', 'ratios', 1], [2]), 'map 1 has logits [3,3,6]'],
    [
      'with a ratio of 0',
      set(['defaultBoxes', 'ratios', 0], [0]),
      'defaultBoxes of map 0: ratios is [0]; allowed: 0 to 64 numbers',
    ],
    ['with text for ratios', set(['defaultBoxes', 'ratios', 0], 'x'), 'must be a list'],
    ['with a negative scale', set(['defaultBoxes', 'scales', 1], -1), 'scales is [0.3,-1,0.9]'],
    ['with a stride of 0', set(['defaultBoxes', 'strides'], [0]), 'strides is [0]; allowed'],
    [
      'with a stride too many',
      set(['defaultBoxes', 'strides'], [2, 4, 8]),
      'strides is [2,4,8]; allowed: 0 to 2 numbers',
    ],
    ['with three weights', set(['defaultBoxes', 'weights'], [1, 1, 1]), 'allowed: four'],
    ['with a wide most', set(['detections', 'most'], 65_537), 'most is 65537; allowed'],
    ['whose body has no pixels', body(['inputs', 0, 'pixels'], undefined), 'without pixels'],
    ['whose body has another input', body(['inputs', 0, 'shape'], [9, 11, 4]), /\[9,11,4\]|means/],
    [
      'whose body has its outputs in another order',
      body(['outputs'], ['deltas0', 'deltas1', 'logits0', 'logits1']),
      'map 0 has logits [5,6,16]',
    ],
    [
      'whose body has an output too many',
      body(['outputs', 4], 'coarse'),
      'the body has 5 outputs; allowed: 4, logits for each of 2 maps',
    ],
    ['whose body names classes', body(['classes'], ['a']), 'the graph names 1 classes'],
    [
      'whose L2 norm has another scale',
      body(['nodes', 1, 'tensors', 'scale'], 'coarse.bias'),
      'its scale "coarse.bias" is F32 [5]; allowed: F32 [4]',
    ],
  ])('%s', (_, make, message) => refused(make, message));

  it('that was not read is held to the same', () => {
    const source = smallSingleShot();
    const { tail } = smallDetector();
    const wrong = { ...source, tail } as never;
    expect(() => encodeDetector(wrong)).toThrow('its detector is single-shot');
    const plan = { ...source.plan, size: { width: 11.5, height: 9 } };
    expect(() => encodeDetector({ ...source, plan })).toThrow('width is 11.5');
  });
});
