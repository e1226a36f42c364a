/** A small set as a repository on GitHub publishes it, with a server that has its archive; and the shared sets turned back into repositories. */
import { gzipSync } from 'node:zlib';
import { sha256 } from '../checked-file.js';
import { archiveServer, type Answer } from '../server.fixture.js';
import { tarBytes } from '../tar.fixture.js';
import { OpenFile, readTar } from '../tar.js';
import { vocFiles, type FixturePicture } from './detection.fixture.js';
import { bccdLayout } from './repository-layout.js';
import { repositorySets, type RepositorySet } from './repository-sets.js';

/** The published way of adding a set up: name, NUL, length, line feed, bytes, in the order of the names. */
export function contentOf(files: Readonly<Record<string, Uint8Array>>): RepositorySet['content'] {
  const names = Object.keys(files).sort();
  const pieces = names.flatMap((name) => [`${name}\0${files[name].length}\n`, files[name]]);
  return { files: names.length, sha256: sha256(...pieces) };
}

/** The archive that GitHub makes of a repository: all in one folder, after the commit's id in a global header. */
export function repositoryArchive(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const entries = Object.entries(files).map(([name, content]) => ({
    name: `repository-abc/${name}`,
    content,
  }));
  const comment = Buffer.from('12 comment=\n');
  const header = { name: 'pax_global_header', type: 'g', content: comment };
  return gzipSync(tarBytes([header, { name: 'repository-abc/', type: '5' }, ...entries]));
}

const cat = { name: 'cat', corners: [1, 1, 8, 8] };
const pictures: readonly FixturePicture[] = [
  { id: 'a', width: 20, height: 10, objects: [cat] },
  { id: 'b', width: 12, height: 16 },
];

/** A repository like BCCD's, of two pictures, a licence and what does not belong to the set. */
export async function smallRepository(answer?: (archive: Buffer) => Answer) {
  const files = await vocFiles(pictures, 'jpeg');
  const licence = Buffer.from('a licence\n');
  const inside = Object.entries(files).map(([name, bytes]) => [`BCCD/${name}`, bytes] as const);
  const archive = repositoryArchive({
    LICENSE: licence,
    'README.md': Buffer.from('readme'),
    'BCCD/.DS_Store': Buffer.from('x'),
    ...Object.fromEntries(inside),
  });
  const plain: Answer = (_, response) => response.end(archive);
  const { url, asked } = await archiveServer(answer?.(archive) ?? plain);
  const tar = tarBytes(
    Object.entries(files).map(([name, content]) => ({ name: `BCCD/${name}`, content })),
  );
  const set: RepositorySet = {
    ...repositorySets.bccd,
    title: 'two cats',
    layout: bccdLayout,
    archive: { mostBytes: 2 ** 20, name: 'cats-abc.tar.gz', address: 'abc', mirrors: [url] },
    content: contentOf(files),
    tarSha256: sha256(tar),
    lists: { train: 2 },
    classes: ['cat'],
  };
  return { set, files, licence, archive, tar, url, asked };
}

/** The files of a tar archive without the folder round them. */
export async function filesOfTar(where: string): Promise<Record<string, Uint8Array>> {
  const source = await OpenFile.open(where);
  const files: Record<string, Uint8Array> = {};
  try {
    for await (const { name, offset, size } of readTar(source, where)) {
      files[name.slice(name.indexOf('/') + 1)] = (await source.read(offset, size)).slice();
    }
  } finally {
    await source.close();
  }
  return files;
}
