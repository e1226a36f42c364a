/** Versions of installed packages: a peer's number means nothing without its version. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** @returns versions by name; 'unknown' of a package that is not there. */
export function versionsOf(packages) {
  const require = createRequire(import.meta.url);
  const pairs = packages.map((name) => {
    // Not every package exports its package.json.
    const folder = require.resolve.paths(name).map((place) => path.join(place, name));
    const file = folder.map((place) => path.join(place, 'package.json'));
    const found = file.map(readVersion).find((version) => version !== undefined);
    return [name, found ?? 'unknown'];
  });
  return Object.fromEntries(pairs);
}

function readVersion(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).version;
  } catch {
    return undefined;
  }
}
