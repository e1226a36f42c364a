import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '@surge-bnn/contract';
import { describe, expect, it } from 'vitest';
import { OpenFile, readTar } from '../tar.js';
import { indoorXml } from './indoor-xml.js';

const size = { width: 640, height: 480 };

describe('indoorXml', () => {
  it('writes the corners as they stand, in the order of the lines', () => {
    const xml = indoorXml('2007_000001', 'tv-monitor 2 10 173 481\r\n\ncup 1 2 3 4', size);
    const object = (name: string, [xmin, ymin, xmax, ymax]: readonly number[]) => `\t<object>
\t\t<name>${name}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>${xmin}</xmin>
\t\t\t<ymin>${ymin}</ymin>
\t\t\t<xmax>${xmax}</xmax>
\t\t\t<ymax>${ymax}</ymax>
\t\t</bndbox>
\t</object>
`;
    expect(xml).toBe(`<annotation>
\t<folder>indoor</folder>
\t<filename>2007_000001.jpg</filename>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
${object('tv-monitor', [2, 10, 173, 481])}${object('cup', [1, 2, 3, 4])}</annotation>
`);
  });

  it.each([
    ['cup 1 2 3', 1],
    ['cup 1 2 3 4\ncup 0.9 1 2 3 4', 2], // a detection, with its confidence
    ['cup 1 2 3 4\n\ncup 1 2 3 -4', 3],
    ['<cup> 1 2 3 4', 1],
  ])('refuses %j', (text, line) => {
    expect(() => indoorXml('x', text, size)).toThrow(InputError);
    expect(() => indoorXml('x', text, size)).toThrow(`x.txt, line ${line}: an object is`);
  });
});

const shared = fileURLToPath(
  new URL('../../../../../shared/data/detection/indoor.tar', import.meta.url),
);

it.skipIf(!existsSync(shared))(
  'is byte for byte what the shared archive has (skipped where ../shared/data/detection is not there)',
  async () => {
    const source = await OpenFile.open(shared);
    const texts = new Map<string, string>();
    const files = new Map<string, string>();
    for await (const { name, offset, size: length } of readTar(source, shared)) {
      const id = path.posix.parse(name).name;
      const isXml = name.includes('/Annotations/');
      if (!isXml && !name.includes('/ground-truth/')) continue;
      const text = new TextDecoder().decode(await source.read(offset, length));
      (isXml ? files : texts).set(id, text);
    }
    await source.close();
    expect([texts.size, files.size]).toEqual([85, 85]);
    for (const [id, text] of texts) expect(indoorXml(id, text, size)).toBe(files.get(id));
  },
);
