/** A folder as Hugging Face's code saves a model: config.json and model.safetensors. Node only. */
import { checkKeys, InputError } from '@surge-bnn/contract';
import { bert, type Bert } from '../network/bert.js';
import type { BertHead, BertOptions } from '../network/options.js';
import { readConfig, writeConfig } from './config.js';
import { loadWeights, networkWeights, type Loaded, type LoadOptions } from './load.js';
import { readModelFile } from './read-file.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';

const CONFIG = 'config.json';
const WEIGHTS = 'model.safetensors';

export interface OpenOptions extends Pick<LoadOptions, 'head'> {
  /** What stands behind the encoder. Default: a classifier of as many labels as config.json has. */
  readonly behind?: BertHead;
  /** What the folder does not fix: method, inputs, dropout; activation, to fine-tune with another. */
  readonly options?: Partial<
    Pick<BertOptions, 'method' | 'inputs' | 'dropout' | 'attentionDropout' | 'activation'>
  >;
  /** Of what the folder has not, and of dropout. Default 0. */
  readonly seed?: number;
  /** Pieces of the vocabulary that texts will come in: refused where the weights have another. */
  readonly vocabulary?: number;
}

/**
 * The network of a folder.
 *
 * @throws InputError for a folder without these files, or whose files are damaged or do not fit each other.
 */
export async function openBert(
  folder: string,
  given: OpenOptions = {},
): Promise<{ readonly network: Bert; readonly loaded: Loaded }> {
  checkKeys(given, ['behind', 'head', 'options', 'seed', 'vocabulary'], 'openBert');
  const { behind, options, seed, head, vocabulary } = given;
  const path = await import('node:path');
  const configFile = path.join(folder, CONFIG);
  const text = new TextDecoder().decode(await read(configFile));
  const config = readConfig(parse(text, configFile), configFile);
  if (vocabulary !== undefined && vocabulary !== config.options.vocabulary) {
    throw new InputError(
      `${configFile}: the network's vocabulary has ${config.options.vocabulary} pieces, the texts' has ${vocabulary}: it is not the vocabulary of these weights`,
    );
  }
  const where = path.join(folder, WEIGHTS);
  const stored = readSafetensors(await read(where), where);
  const network = bert(
    { ...config.options, ...options },
    { head: behind ?? { kind: 'classifier', labels: config.labels }, seed },
  );
  try {
    return { network, loaded: loadWeights(network, stored, { head, where }) };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** Writes config.json and model.safetensors into the folder, which is made where it is not there. */
export async function saveBert(network: Bert, folder: string): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  const path = await import('node:path');
  await mkdir(folder, { recursive: true });
  const config = writeConfig(network.options, network.head);
  await writeFile(path.join(folder, WEIGHTS), writeSafetensors(networkWeights(network)));
  await writeFile(path.join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}

const read = (file: string) =>
  readModelFile(file, `a folder of a BERT has ${CONFIG} and ${WEIGHTS}`);

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${where} is not valid JSON`);
  }
}
