import { describe, expect, it } from 'vitest';
import { makeTextSet, pickTexts, splitTexts } from './text-set.js';
import type { TextExample } from './types.js';

function setOf(examples: readonly TextExample[], classes: readonly string[] = ['no', 'yes']) {
  return makeTextSet({
    task: 'sst2',
    title: 'a set',
    split: 'train',
    file: 'train.tsv',
    classes,
    pairs: false,
    examples,
    origin: 'a test',
    remarks: [],
  });
}

const examples = Array.from({ length: 40 }, (_, i) => ({
  sentence: `text ${i}`,
  label: i % 4 === 0 ? 1 : 0,
}));

describe('parts of a set', () => {
  it('validation has its share of every class, and both parts keep the order', () => {
    const { train, validation } = splitTexts(setOf(examples), 0.2, 7);
    expect([train.count, validation.count]).toEqual([32, 8]);
    expect(validation.examples.filter(({ label }) => label === 1)).toHaveLength(2);
    const places = (list: readonly TextExample[]) =>
      list.map(({ sentence }) => Number(sentence.slice(5)));
    for (const { examples: part } of [train, validation]) {
      expect(places(part)).toEqual(places(part).sort((a, b) => a - b));
    }
    expect(new Set([...train.examples, ...validation.examples]).size).toBe(40);
    expect(validation.title).toBe('a set: validation of train, 8 of 40 examples');
    expect(splitTexts(setOf(examples), 0.2, 7).validation.sha256).toBe(validation.sha256);
    expect(splitTexts(setOf(examples), 0.2, 8).validation.sha256).not.toBe(validation.sha256);
  });

  it('scores and texts without labels are cut, too', () => {
    const scores = examples.map(({ sentence }, i) => ({ sentence, label: i / 10 }));
    const bare = examples.map(({ sentence }) => ({ sentence }));
    for (const set of [setOf(scores, []), setOf(bare)]) {
      expect(splitTexts(set, 0.25, 1).validation.count).toBe(10);
    }
  });

  it('have a receipt of what they hold', () => {
    const one = setOf([{ sentence: 'a', label: 1 }]).sha256;
    // printf '["a",null,1]' | sha256sum
    expect(one).toBe('2dcc62c53b98b8e92287b0da6b2bf38388f35d3d66fd2aa7b294fe35f1604358');
    expect(setOf([{ sentence: 'a', label: 0 }]).sha256).not.toBe(one);
    expect(setOf([{ sentence: 'a', second: '', label: 1 }]).sha256).not.toBe(one);
  });

  it('refuse what is not there', () => {
    const set = setOf(examples);
    expect(() => pickTexts(set, [40], 'x')).toThrow('a set has no example 40; allowed: 0 to 39');
    expect(() => pickTexts(set, [], 'x')).toThrow(/no examples/);
    expect(() => splitTexts(set, 0.001, 1)).toThrow(/leaves one part of a set .* empty/);
    expect(() => splitTexts(set, 1, 1)).toThrow(/must lie between 0 and 1/);
  });
});
