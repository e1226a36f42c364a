/** What is said where the public sentence encoder is not there. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { InputError } from '@surge-bnn/contract';
import { openPublished } from './published.js';
import { openUnigram } from './tokenizer.js';

const command = /; get it with: surge-bnn data fetch sentence-encoder$/;

it('advises the command that fetches it, unless the recipe names a vocabulary of its own', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'surge-encoder-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const weights = openPublished(directory);
  await expect(weights).rejects.toThrow(InputError);
  await expect(weights).rejects.toThrow(/sentence encoder .*use-lite\.safetensors cannot be read/);
  await expect(weights).rejects.toThrow(command);
  await mkdir(path.join(directory, 'text-encoder'));
  await writeFile(path.join(directory, 'text-encoder', 'use-lite.safetensors'), '');
  await expect(openPublished(directory)).rejects.toThrow(/use-lite-vocab\.json cannot be read/);
  await expect(openPublished(directory)).rejects.toThrow(command);
  const own = path.join(directory, 'own.json');
  const missing = openUnigram({ vocabulary: own }, directory);
  await expect(missing).rejects.toThrow(/own\.json cannot be read/);
  await expect(missing).rejects.not.toThrow(command);
});
