/** Text models whose plan, vocabulary, tables or graph make no sense, by themselves or together: refused with a message that says where and what is allowed. */
import { describe, expect, it } from 'vitest';
import { tiny } from './models.fixture.js';
import type { TextSource } from './model-source.js';
import { smallDetector } from './detectors.fixture.js';
import { writeLz4 } from './lz4.js';
import { expectRefused, refusal } from './refusal.fixture.js';
import type { Refusal } from './refusal.fixture.js';
import { decodeModel } from './read.js';
import { decodeDetector, fileKind } from './read-detector.js';
import { decodeText } from './read-text.js';
import { headerOf, withGraph, withText, withValue } from './surgery.fixture.js';
import type { Path } from './surgery.fixture.js';
import { smallPairs, smallText } from './texts.fixture.js';
import type { StoredTensor } from './tensors.js';
import { storedKept, storedVocabulary } from './vocabulary.js';
import { encodeDetector, encodeModel, encodeText, textFileSize } from './write.js';

const file = encodeText(smallText());
const pairs = encodeText(smallPairs());
const refused = (make: () => Uint8Array, message: string | RegExp) =>
  expectRefused(make, message, decodeText);

describe('a text model’s file', () => {
  it.each([false, true])('is read again, compact: %s', (compact) => {
    for (const source of [smallText(), smallPairs()]) {
      const bytes = encodeText(source, { compact });
      const read = decodeText(bytes);
      expect(encodeText(read, { compact })).toEqual(bytes);
      expect(read.plan).toEqual(source.plan);
      expect(read.body).toEqual(source.body);
      expect(read.metadata).toEqual(source.metadata);
      expect(textFileSize(source, { compact }).total).toBe(bytes.length);
    }
  });

  it('is of version 4, and is told from the others', () => {
    expect(headerOf(file).metadata.version).toBe('4');
    expect(fileKind(file)).toBe('text');
    const [model, detector] = [encodeModel(tiny()), encodeDetector(smallDetector())];
    expect(() => decodeModel(file)).toThrow(
      'the file holds a text model and no model of one output; loadText(..) of @surge-bnn/runtime/text runs it',
    );
    expect(() => decodeDetector(file)).toThrow('the file holds a text model and no detector');
    expect(() => decodeText(model)).toThrow('the file holds a model and no text model; load(..)');
    expect(() => decodeText(detector)).toThrow('the file holds a detector and no text model');
  });

  const text = (key: string, value: unknown) => () => withValue(file, ['__metadata__', key], value);
  it.each<Refusal>([
    ['of version 3', text('version', '3'), 'holds a text model, which version 3 has not'],
    ['of version 5', text('version', '5'), 'the version "5"'],
    ['whose plan is no JSON', text('text', '{"a":1,"a":2}'), 'the key "a" stands twice'],
    ['whose plan is a list', text('text', '[]'), 'the text model must be an object'],
    ['with a tail', text('tail', '{}'), 'unknown key "tail"'],
    ['that is a detector, too', text('detector', '{}'), 'unknown key "text"'],
  ])('%s', (_, make, message) => {
    const told = refusal(make(), (bytes) => (fileKind(bytes) === 'text' ? decodeText(bytes) : 0));
    expect(told).toMatch(message);
  });
});

describe('a plan', () => {
  const set = (path: Path, value: unknown) => () => withText(file, 'text', path, value);
  it.each<Refusal>([
    ['with an unknown key', set(['fast'], true), 'unknown key "fast"'],
    ['without an output', set(['output'], undefined), 'the text model has no "output"'],
    ['without classes', set(['output', 'classes'], []), '0 classes; allowed: 1 to 16384'],
    ['of both outputs', set(['output', 'least'], 0), 'unknown key "least"'],
    ['with an empty output', set(['output'], {}), 'has no "least"'],
    [
      'of scores without a range',
      set(['output'], { least: 1, most: 1 }),
      'least is 1 and most 1; allowed: a least below the most',
    ],
    [
      'of scores that are none',
      set(['output'], { least: 0, most: 'x' }),
      'most is "x"; allowed: numbers',
    ],
    [
      'with a class for terminals',
      set(['output', 'classes', 0], '\u001b[2J'),
      'class "\\u001b[2J"',
    ],
    [
      'with other classes',
      set(['output', 'classes'], ['a']),
      'the body makes [3] of [9,6]; allowed: [1], for its 1 classes',
    ],
    ['of scores', set(['output'], { least: 0, most: 1 }), 'allowed: [1], for its score'],
    ['of no texts', set(['maxLength'], 2), 'maxLength is 2; allowed: integers from 3 to 8192'],
    ['of endless texts', set(['maxLength'], 1e6), 'allowed: integers from 3 to 8192'],
    ['of longer texts', set(['maxLength'], 10), 'is [9,6]; allowed: [10, width]'],
    ['of unclear pairs', set(['pairs'], 1), 'pairs is 1; allowed: true, false'],
    ['of pairs', set(['pairs'], true), 'its types is F32 [1,6]; allowed: F32, F16, I8 [2,6]'],
    ['of unclear case', set(['lowerCase'], null), 'lowerCase is null; allowed: true, false'],
    ['without words', set(['tensors', 'words'], undefined), 'tensors has no "words"'],
    ['with a number for words', set(['tensors', 'words'], 3), 'words, must be text'],
    ['with other words', set(['tensors', 'words'], 'x'), 'its words "x" is not among'],
    ['with a role of nothing', set(['tensors', 'gamma'], 'x'), 'unknown key "gamma"'],
    [
      'with scales for floats',
      set(['tensors', 'wordScales'], 'places'),
      'the unknown role "wordScales"; its words are F32',
    ],
    [
      'that takes a tensor of a node',
      set(['tensors', 'types'], 'scale.a'),
      'its a "scale.a" is not among',
    ],
    ['that leaves tables out', set(['tensors', 'words'], 'places'), 'no node reads tensor "words"'],
  ])('%s', (_, make, message) => refused(make, message));

  it('without scales for integers', () => {
    refused(
      () => withText(pairs, 'text', ['tensors', 'wordScales'], undefined),
      'no node reads tensor',
    );
    const { plan, ...rest } = smallPairs();
    const { wordScales: _, ...tensors } = plan.tensors;
    const others = new Map([...rest.tensors].filter(([name]) => name !== 'words.scale'));
    expect(() => encodeText({ ...rest, plan: { ...plan, tensors }, tensors: others })).toThrow(
      'the text model has no wordScales; its words are I8',
    );
  });
});

describe('a graph', () => {
  it.each<Refusal>([
    [
      'with classes',
      () => withGraph(file, ['classes'], ['a', 'b', 'c']),
      'a text model names classes; its plan does',
    ],
    [
      'with two outputs',
      () => withGraph(file, ['outputs'], ['logits', 'sum']),
      '2 outputs; allowed: one',
    ],
    [
      'of pictures',
      () => withGraph(file, ['inputs', 0, 'shape'], [9, 6, 1]),
      /says that it makes|\[9,6,1\]/,
    ],
    [
      'with pixels',
      () =>
        withGraph(file, ['inputs', 0, 'pixels'], {
          mean: [0, 0, 0, 0, 0, 0],
          std: [1, 1, 1, 1, 1, 1],
        }),
      'is [9,6] with pixels; allowed: [9, width] without pixels',
    ],
  ])('%s', (_, make, message) => refused(make, message));

  it('that is for texts of one length', () => {
    const source = smallText();
    const { body } = source;
    const flat = {
      name: 'flat',
      op: 'reshape',
      inputs: ['pieces'],
      attributes: { shape: [9, 6] },
      tensors: {},
      output: { type: 'f32', shape: [9, 6] },
      layers: [],
    } as const;
    const nodes = [
      flat,
      ...body.nodes.map((n) => (n.name === 'sign' ? { ...n, inputs: ['flat'] } : n)),
    ];
    expect(() => encodeText({ ...source, body: { ...body, nodes } })).toThrow(
      'node "flat" is a reshape, which wants texts of one length',
    );
  });
});

describe('a vocabulary', () => {
  const bytesOf = (text: string | Uint8Array): StoredTensor => {
    const bytes = writeLz4(typeof text === 'string' ? new TextEncoder().encode(text) : text);
    return { dtype: 'U8', shape: [bytes.length], bytes };
  };
  const changed = (tensor: StoredTensor, plan: Partial<TextSource['plan']> = {}) => {
    const source = smallText();
    return encodeUnchecked({
      ...source,
      plan: { ...source.plan, ...plan },
      tensors: new Map([...source.tensors].map(([n, t]) => [n, n === 'vocabulary' ? tensor : t])),
    });
  };
  /** As a stranger might write it. */
  function encodeUnchecked(source: TextSource): Uint8Array {
    const message = (error: unknown) => (error instanceof Error ? error.message : '');
    try {
      return encodeText(source);
    } catch (error) {
      throw new Refused(message(error));
    }
  }
  class Refused extends Error {}

  const pieces = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b';
  it.each<[string, StoredTensor, string | RegExp]>([
    [
      'of 4 GB',
      { dtype: 'U8', shape: [70000], bytes: bomb(70000) },
      'the vocabulary is no LZ4 block: it stands for more than 8388608 bytes',
    ],
    [
      'that is torn',
      { dtype: 'U8', shape: [1], bytes: Uint8Array.of(0xf0) },
      'the vocabulary is no LZ4 block',
    ],
    ['of no text', bytesOf(Uint8Array.of(0xff, 0xfe)), 'the vocabulary is not valid UTF-8'],
    ['of no pieces', bytesOf(''), 'the vocabulary\'s piece 0 is ""; allowed: 1 to 200 characters'],
    ['with a long piece', bytesOf(`${pieces}\n${'x'.repeat(201)}`), "the vocabulary's piece 7 is"],
    [
      'with a piece twice',
      bytesOf(`${pieces}\na`),
      'line 8: the piece "a" stands in line 6 already',
    ],
    ['of another kind', bytesOf('a\n##b'), 'it has no [PAD], [UNK], [CLS], [SEP], [MASK]'],
    ['with capitals', bytesOf(`${pieces}\nB`), 'has capital letters ("B")'],
    ['of another size', bytesOf(pieces), 'its words is F32 [18,6]; allowed: F32, F16, I8 [7,6]'],
    [
      'of floats',
      { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) },
      'its vocabulary is F32 [1]; allowed: U8',
    ],
  ])('%s', (_, tensor, message) => {
    expect(() => changed(tensor)).toThrow(message);
  });

  it('that cannot be written', () => {
    expect(() => storedVocabulary(['a\nb'])).toThrow('none of them a line feed');
    expect(() => storedVocabulary(['\ud800'])).toThrow('or half of one');
    const many = Array.from({ length: 2 ** 18 + 1 }, (_, i) => `p${i}`);
    expect(() => storedVocabulary(many)).toThrow('262145 pieces; allowed: 1 to 262144');
  });

  it('may have less rows, but those that every text needs, and no bits behind', () => {
    const source = smallPairs();
    const withKept = (kept: StoredTensor) =>
      encodeText({ ...source, tensors: new Map([...source.tensors, ['kept', kept]]) });
    const of = (...out: number[]) =>
      storedKept(Array.from({ length: 18 }, (_, i) => !out.includes(i)));
    expect(() => withKept(of(13, 15, 2))).toThrow('kept leaves out [CLS]');
    expect(() => withKept(of(13, 15))).toThrow(
      'its words is I8 [15,5]; allowed: F32, F16, I8 [16,5]',
    );
    const behind = of(13, 15, 17);
    behind.bytes[2] |= 4;
    expect(() => withKept(behind)).toThrow('bits after the first 18 must be 0; its last byte is 5');
    const wide = { dtype: 'U8', shape: [4], bytes: new Uint8Array(4) } as const;
    expect(() => withKept(wide)).toThrow('its kept is U8 [4]; allowed: U8 [3]');
    expect(withKept(of(13, 15, 17))).toEqual(encodeText(source));
  });
});

/** A block that stands for 255 times its bytes. */
function bomb(length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(255);
  bytes.set([0x1f, 0x61, 1, 0]);
  bytes.set([0, 0x50, 97, 97, 97, 97, 97], length - 7);
  return bytes;
}
