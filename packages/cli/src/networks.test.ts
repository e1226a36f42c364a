/** What the command says of networks: the page of the documents, the verb, and summaries of networks by name. */
import { readFile } from 'node:fs/promises';
import { networkList } from '@surge-bnn/models';
import { describe, expect, it } from 'vitest';
import { cli } from './cli.fixture.js';
import { networksPage } from './networks-page.js';

// Builds and packs 100 million weights.
const timeout = 400_000;

it(
  'the page is docs/networks.md (else: npm run build && node scripts/network-table.mjs)',
  { timeout },
  async () => {
    const page = await readFile(new URL('../../../docs/networks.md', import.meta.url), 'utf8');
    expect(page).toBe(await networksPage());
  },
);

describe('surge-bnn networks', () => {
  it('lists all, in a table and as JSON', async () => {
    const [plain, json] = await Promise.all([cli('networks'), cli('networks', '--json')]);
    expect([plain.code, json.code, json.err]).toEqual([0, 0, '']);
    const rows = JSON.parse(json.out) as { name: string }[];
    expect(rows.map(({ name }) => name)).toEqual(networkList.map(({ name }) => name));
    for (const { name } of networkList) expect(plain.out).toContain(name);
  });
});

describe('surge-bnn summary of a network', () => {
  it('names every network in its help', async () => {
    const { out } = await cli('summary', '--help');
    for (const { name } of networkList) expect(out).toContain(name);
  });

  it('counts it as it was published, untrained', async () => {
    const { code, out, err } = await cli('summary', 'imagenet-resnet-18', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { total, layers } = JSON.parse(out) as {
      total: { ops: number };
      layers: { name: string; outputShape: number[] }[];
    };
    expect(total.ops).toBe(163_985_408);
    expect(layers.find((l) => l.name === 'conv1')?.outputShape).toEqual([112, 112, 64]);
  });

  it('and with other options, pictures and classes', async () => {
    const args = '--set width=4 --set lastNorm=false --input 9x8x1 --classes 3'.split(' ');
    const { out } = await cli('summary', 'resnet-20', ...args, '--json');
    const { layers } = JSON.parse(out) as { layers: { name: string; outputShape: number[] }[] };
    const shapeOf = (name: string) => layers.find((l) => l.name === name)?.outputShape;
    expect(shapeOf('conv1')).toEqual([9, 8, 4]);
    expect(shapeOf('linear')).toEqual([3]);
    expect(shapeOf('bn2')).toBeUndefined();
  });

  it.each([
    ['resnet-20 --set witdh=4', /unknown option of network resnet-20 "witdh".*"width"/],
    ['resnet-20 --input 32x32', /--input takes height, width and channels as 32x32x3/],
    ['resnet-20 --classes 0', /--classes must be a whole number >= 1/],
    ['resnet-20 --binarizer stee', /"stee".*did you mean "ste"/],
    ['digits-small --classes 3', /--classes is for a network by its name.*digits-small is none/],
    ['resnet-21', /there is no recipe "resnet-21".*or a network: .*resnet-20/],
  ])('refuses %s', async (args, message) => {
    const { code, out, err } = await cli('summary', ...args.split(' '));
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});
