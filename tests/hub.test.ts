/** From a hub to a network: what `saveBert` wrote is served, fetched, opened, and computes the same. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { encodeTexts, fetchModel, openWordPiece, TextLoader } from '@surge-bnn/data';
import { bert, openBert, saveBert, textInputs, type Bert } from '@surge-bnn/language';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it, onTestFinished } from 'vitest';
import { use } from './backends.js';

const pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'good', 'bad', '##ly', 'Good'];

/** The files of a folder, as the hub describes and sends them. */
async function serve(folder: string): Promise<string> {
  const commit = 'b'.repeat(40);
  const names = ['config.json', 'model.safetensors', 'vocab.txt', 'tokenizer_config.json'];
  const contents = await Promise.all(names.map((name) => readFile(path.join(folder, name))));
  const files = new Map(names.map((name, i) => [name, contents[i]]));
  const http = createServer((request, response) => {
    const url = request.url ?? '';
    const json = (value: unknown) => response.end(JSON.stringify(value));
    if (url.includes('/revision/')) json({ id: 'me/bert', sha: commit, gated: false });
    else if (url.endsWith(`/paths-info/${commit}`)) {
      void text(request).then(() => {
        json(
          [...files].map(([file, content]) => {
            const size = content.length;
            const oid = createHash('sha256').update(content).digest('hex');
            return { type: 'file', path: file, size, lfs: { oid, size, pointerSize: 1 } };
          }),
        );
      });
    } else response.end(files.get(url.slice(`/me/bert/resolve/${commit}/`.length)));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

it('a fetched network is the saved one, with the tokenizer of its folder', async () => {
  await use('surge-wasm');
  const root = await mkdtemp(path.join(tmpdir(), 'surge-hub-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const saved = path.join(root, 'saved');
  const head = { kind: 'classifier', labels: 2 } as const;
  const sizes = { layers: 2, width: 16, heads: 2, ffn: 24, vocabulary: 9, positions: 12 };
  const network = bert(sizes, { head, seed: 5 });
  await saveBert(network, saved);
  await writeFile(path.join(saved, 'vocab.txt'), pieces.join('\n'));
  await writeFile(path.join(saved, 'tokenizer_config.json'), '{"do_lower_case": false}');
  const baseUrl = await serve(saved);
  const { where } = await fetchModel('me/bert', { directory: path.join(root, 'data'), baseUrl });
  const wordPiece = await openWordPiece(where);
  const { network: opened } = await openBert(where, { vocabulary: wordPiece.size });
  const examples = [{ sentence: 'Good good badly' }, { sentence: 'good', second: 'Bad' }];
  const encoded = encodeTexts({ examples, classes: ['a', 'b'] }, wordPiece, { maxLength: 12 });
  expect([...encoded.ids]).toEqual([2, 8, 5, 6, 7, 3, 2, 5, 3, 1, 3]);
  const [batch] = new TextLoader(encoded, { batchSize: 2, seed: 1, shuffle: false }).epoch(0);
  const logits = ({ model }: Bert) =>
    tf.tidy(() => (model.apply(textInputs(batch)) as tf.Tensor).dataSync().slice());
  expect(logits(opened)).toEqual(logits(network));
  network.dispose();
  opened.dispose();
});
