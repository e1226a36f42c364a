/** An addon that is not there, damaged, or of another version: one sentence that says what it is and what to do. */
import { copyFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InputError } from '@surge-bnn/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonPath, checkInterface, isAddonBuilt, loadAddon, whyNot } from './addon.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'addon-'));
});
afterAll(() => rm(folder, { recursive: true }));

const refusal = (file: string): InputError => {
  try {
    loadAddon(file);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error(`${file} was loaded`);
};

describe('loadAddon', () => {
  it('says how to build what is not there', () => {
    const { message } = refusal(path.join(folder, 'nothing.node'));
    expect(message).toBe('the native engine is not built; npm run build:native builds it');
  });

  it.each([
    ['garbage', 'this is no library'.repeat(100)],
    ['an empty file', ''],
  ])('names %s as damaged', async (_, content) => {
    const file = path.join(folder, `${content.length}.node`);
    await writeFile(file, content);
    const { message } = refusal(file);
    expect(message).toMatch(/^the native engine does not load: .*damaged or was built for another/);
    expect(message).toMatch(/npm run build:native builds it here$/);
    expect(message).not.toContain('\n');
  });

  it.skipIf(!isAddonBuilt())('names a cut-off addon as damaged', async () => {
    const file = path.join(folder, 'cut.node');
    await copyFile(addonPath, file);
    // Only the head: of a file that is cut in the middle, the loader touches pages that are not there and the process dies.
    await truncate(file, 40);
    expect(refusal(file).message).toContain('damaged');
  });

  it('refuses an addon that was built from other sources', () => {
    const message = /built from other sources \(interface 0, needed is \d+\); npm run build:native/;
    expect(() => checkInterface({ interface: 0 })).toThrow(message);
    expect(() => checkInterface({})).toThrow('interface undefined');
    expect(() => checkInterface({ interface: 0 })).toThrow(InputError);
    if (isAddonBuilt()) expect(() => checkInterface(loadAddon())).not.toThrow();
  });
});

describe('whyNot', () => {
  // As glibc, musl, dyld and Node say it.
  it.each([
    [
      'libdnnl.so.3: cannot open shared object file: No such file or directory',
      /oneDNN \(libdnnl\) is missing .*apt-get install libdnnl-dev, then npm run build:native/,
    ],
    ['surge_native.node: undefined symbol: dnnl_memory_desc_get_size', /oneDNN .*another version/],
    [
      'Error loading shared library libdnnl.so.3: No such file or directory (needed by x)',
      /libdnnl-dev/,
    ],
    ['surge_native.node: invalid ELF header', /damaged or was built for another system or CPU/],
    ['surge_native.node: wrong ELF class: ELFCLASS32', /another system or CPU/],
    [
      "dlopen(surge_native.node, 0x0001): tried: 'x' (mach-o file, but is an incompatible architecture)",
      /another system or CPU/,
    ],
    [
      'The module was compiled against a different Node.js version using\nNODE_MODULE_VERSION 108.',
      /npm run build:native/,
    ],
    [
      'surge_native.node: undefined symbol: napi_get_last_error_info',
      new RegExp(`another Node than ${process.version}`),
    ],
    [
      'libgomp.so.1: cannot open shared object file: No such file or directory',
      /libgomp.so.1.*build:native builds it anew/,
    ],
  ])('makes a sentence of %s', (said, expected) => {
    const sentence = whyNot(new Error(said));
    expect(sentence).toMatch(expected);
    expect(sentence).toContain('npm run build:native');
    expect(sentence).not.toContain('\n');
  });
});
