/** What a file's metadata says of itself: the format, its version, what kind of file it is, and no more. */
import { ModelFileError } from '../model-file-error.js';
import {
  conventions,
  detectorMetadata,
  formatName,
  formatVersions,
  informativeMetadata,
} from './convention.js';
import { asRecord, quote } from './json.js';
import type { Container } from './safetensors.js';

export function isDetector(metadata: Container['metadata']): boolean {
  return metadata.has('detector');
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
  const own = metadata.has('detector') ? detectorMetadata : [];
  const known: readonly string[] = [...fixed.keys(), ...own, ...informativeMetadata];
  asRecord(Object.fromEntries(metadata), "the file's metadata", ['graph'], known);
  const version = metadata.get('version') ?? '';
  if (metadata.has('detector') && version !== '3') {
    throw new ModelFileError(
      `the file holds a detector, which version ${version} has not; the file says that it is of version ${version}`,
    );
  }
}
