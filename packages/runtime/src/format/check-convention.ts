/** What a file's metadata says of itself: the format, its version, what kind of file it is, and no more. */
import { ModelFileError } from '../model-file-error.js';
import {
  conventions,
  detectorMetadata,
  formatName,
  formatVersions,
  informativeMetadata,
  textMetadata,
} from './convention.js';
import { asRecord, quote } from './json.js';
import type { Container } from './safetensors.js';

/** What a file may hold. */
export type FileKind = 'model' | 'detector' | 'text';

export function kindOf(metadata: Container['metadata']): FileKind {
  if (metadata.has('detector')) return 'detector';
  return metadata.has('text') ? 'text' : 'model';
}

const kinds = {
  model: { what: 'a model', noOther: 'no model of one output', runs: 'load(..)' },
  detector: { what: 'a detector', noOther: 'no detector', runs: 'loadDetector(..)' },
  text: {
    what: 'a text model',
    noOther: 'no text model',
    runs: 'loadText(..) of @surge-bnn/runtime/text',
  },
} as const;

/** @throws ModelFileError for a file of another kind, with what runs it. */
export function checkKind(metadata: Container['metadata'], wanted: FileKind): void {
  const kind = kindOf(metadata);
  if (kind === wanted) return;
  const { what, runs } = kinds[kind];
  throw new ModelFileError(`the file holds ${what} and ${kinds[wanted].noOther}; ${runs} runs it`);
}

/** The texts that say what kind of file this is. */
export function checkConvention(metadata: Container['metadata']): void {
  const fixed = new Map<string, readonly string[]>([
    ['format', [formatName]],
    ['version', formatVersions],
    ...Object.entries(conventions).map(([key, value]) => [key, [value]] as const),
  ]);
  for (const [key, allowed] of fixed) {
    const found = metadata.get(key);
    if (found !== undefined && allowed.includes(found)) continue;
    const what = found === undefined ? `no "${key}"` : `the ${key} ${quote(found)}`;
    throw new ModelFileError(
      `the file's metadata has ${what}; this reader knows ${allowed.map(quote).join(', ')}`,
    );
  }
  const kind = kindOf(metadata);
  const own = { model: [], detector: detectorMetadata, text: textMetadata }[kind];
  const known: readonly string[] = [...fixed.keys(), ...own, ...informativeMetadata];
  asRecord(Object.fromEntries(metadata), "the file's metadata", ['graph'], known);
  const version = metadata.get('version') ?? '';
  const fits = { model: formatVersions, detector: ['3', '4'], text: ['4'] }[kind];
  if (!fits.some((one) => one === version)) {
    throw new ModelFileError(
      `the file holds ${kinds[kind].what}, which version ${version} has not; the file says that it is of version ${version}`,
    );
  }
}
