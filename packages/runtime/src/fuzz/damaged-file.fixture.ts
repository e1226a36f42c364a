/**
 * Damaged model files by number: the same seed and number give the same bytes, on every machine, so that a finding is two integers.
 * A file is a small model of every op, a detector or a text model of either kind, one with layers wider than the vectors of fast kernels, or a model by chance; plain,
 * compressed and then damaged, or damaged inside of its compressed header.
 */
import fc from 'fast-check';
import { drawModel } from '../dump/random-model.fixture.js';
import { compact } from '../format/compact.js';
import { smallDetector, smallSingleShot } from '../format/detectors.fixture.js';
import { writeSafetensors } from '../format/layout.js';
import type { ModelSource } from '../format/model-source.js';
import { modelOf, models } from '../format/models.fixture.js';
import { mutate, mutation } from '../format/mutation.fixture.js';
import { cut } from '../format/surgery.fixture.js';
import { smallPairs, smallText } from '../format/texts.fixture.js';
import { encodeDetector, encodeModel, encodeText } from '../format/write.js';

export interface DamagedFile {
  /** What it was made from, for people: "picture, compressed". */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Before the damage. */
  readonly whole: Uint8Array;
}

/** More channels than vectors have lanes, and not a multiple of any: 33 to 130. */
function wide(): ModelSource {
  const window = (size: number, pad: number) => ({
    size: [size, size] as const,
    strides: [1, 1] as const,
    dilations: [1, 1] as const,
    pads: [pad, pad, pad, pad] as const,
  });
  const convolution = (filters: number, groups: number, pad: number) =>
    ({ window: window(3, pad), filters, groups, padValue: 0 }) as const;
  return modelOf({ name: 'x', shape: [5, 4, 34] }, [
    { name: 'stem', op: 'conv2d', attributes: { ...convolution(66, 2, 1), weights: 'f32' } },
    { name: 'stem_sign', op: 'sign', attributes: { values: 'bits' } },
    { name: 'conv', op: 'binaryConv2d', attributes: convolution(130, 1, 1) },
    { name: 'threshold', op: 'threshold', attributes: { values: 'unsigned' }, optional: ['flips'] },
    { name: 'unsigned', op: 'binaryConv2d', attributes: convolution(40, 10, 1) },
    { name: 'scale', op: 'affine', attributes: {}, optional: ['a', 'b'] },
    { name: 'flat', op: 'reshape', attributes: { shape: [800] } },
    { name: 'signs', op: 'sign', attributes: { values: 'bits' } },
    { name: 'units', op: 'binaryDense', attributes: { units: 33 } },
    { name: 'relu', op: 'relu', attributes: {} },
    { name: 'logits', op: 'dense', attributes: { units: 35, weights: 'bits' }, optional: ['bias'] },
  ]);
}

const wholeFiles = [
  ...[...models, ['wide', wide] as const].map(([name, model]) => ({
    name,
    bytes: encodeModel(model()),
  })),
  { name: 'detector', bytes: encodeDetector(smallDetector()) },
  { name: 'single shot', bytes: encodeDetector(smallSingleShot()) },
  { name: 'text', bytes: encodeText(smallText()) },
  { name: 'pairs of texts', bytes: encodeText(smallPairs()) },
];

const byChance = fc.gen().map((draw) => ({
  name: 'by chance',
  bytes: encodeModel(drawModel(draw).source),
}));

const damagedFiles = fc
  .record({
    whole: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...wholeFiles) },
      { weight: 1, arbitrary: byChance },
    ),
    way: fc.constantFrom('plain', 'plain', 'compressed', 'damaged, then compressed'),
    // One alone gets past the reader more often.
    mutations: fc.oneof(fc.tuple(mutation), fc.array(mutation, { minLength: 1, maxLength: 4 })),
  })
  .map(({ whole, way, mutations }): DamagedFile => {
    const file = way === 'compressed' ? compressed(whole.bytes) : whole.bytes;
    const damaged = mutate(file, mutations);
    const inside = way === 'damaged, then compressed';
    return {
      name: `${whole.name}, ${way}`,
      bytes: inside ? compressed(damaged) : damaged,
      whole: inside ? compressed(whole.bytes) : file,
    };
  })
  // What is done to JSON does nothing to a header that is compressed already, for one.
  .filter(({ bytes, whole }) => Buffer.compare(bytes, whole) !== 0);

/** @param seed, number integers; any two numbers of one seed are two different draws. */
export function damagedFile(seed: number, number: number): DamagedFile {
  // Half of them without fast-check's preference for the ends of ranges.
  const arbitrary = number % 2 === 0 ? damagedFiles : fc.noBias(damagedFiles);
  const drawn = { seed: (Math.imul(seed, 0x9e3779b1) + number) | 0, numRuns: 1 };
  const [file] = fc.sample(arbitrary, drawn);
  return file;
}

/** With its header, whatever stands in it, compressed; a file that has no header stays as it is. */
function compressed(file: Uint8Array): Uint8Array {
  if (file.length < 8) return file;
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > BigInt(file.length - 8)) return file;
  const { data } = cut(file);
  const header = file.subarray(0, file.length - data.length);
  const sizes = { header: header.length, payload: data.length, total: file.length };
  const rest = { dtype: 'U8', shape: [data.length], bytes: data } as const;
  return writeSafetensors(compact({ header, ordered: [rest], size: sizes }));
}
