/** The tokenizer of a Hugging Face folder: lower case as its configuration says, and what is refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWordPiece } from './open-word-piece.js';

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b', '##b'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'surge-tokenizer-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function made(config: string | undefined, pieces: readonly string[] = vocabulary) {
  const own = await mkdtemp(path.join(folder, 'x'));
  await writeFile(path.join(own, 'vocab.txt'), `${pieces.join('\n')}\n`);
  if (config !== undefined) await writeFile(path.join(own, 'tokenizer_config.json'), config);
  return own;
}

it.each([
  [undefined, true],
  ['{}', true],
  ['{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}', true],
  ['{"do_lower_case": false, "strip_accents": null, "model_max_length": 512}', false],
  ['{"do_lower_case": false, "strip_accents": false, "tokenize_chinese_chars": true}', false],
])('%s', async (config, lowerCase) => {
  const wordPiece = await openWordPiece(await made(config));
  expect(wordPiece.lowerCase).toBe(lowerCase);
  // "A" is a piece where it is made small.
  expect(wordPiece.pieces('A ab')).toEqual([lowerCase ? 5 : 1, 5, 7].slice(0, 3));
});

it.each([
  ['{', 'is not valid JSON'],
  ['[]', 'must hold an object'],
  ['{"do_lower_case": 1}', 'do_lower_case must be true or false, got 1'],
  ['{"strip_accents": false}', 'strip_accents must be as do_lower_case, true, or left out, got f'],
  ['{"tokenize_chinese_chars": false}', 'tokenize_chinese_chars must be true or left out'],
  [
    '{"tokenizer_class": "RobertaTokenizer"}',
    'tokenizer_class must be BertTokenizer or BertTokenizerFast, got "RobertaTokenizer"',
  ],
])('%s is refused', async (config, message) => {
  await expect(openWordPiece(await made(config))).rejects.toThrow(message);
});

it('without a vocabulary is refused, and a cased one that was to be made small', async () => {
  const empty = await mkdtemp(path.join(folder, 'x'));
  await expect(openWordPiece(empty)).rejects.toThrow(/vocab\.txt is not there; a folder of a BERT/);
  const cased = await made(undefined, [...vocabulary, 'Ab']);
  await expect(openWordPiece(cased)).rejects.toThrow('has capital letters ("Ab")');
});
