/**
 * SURGE on TF.js's GPU backends, in Chromium on a software adapter: losses, gradients and statistics beside those of surge-wasm.
 *
 * The bounds: all sums are float32 sums of some hundred terms in another order, whose relative error is some 1e-7 each; forward,
 * backward and three steps of Adam leave it below 1e-5 (seen: 6e-7), as long as no sign turns, and none does with these numbers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium as driver } from 'playwright-core';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import { chromium, root } from '../runtimes/engines.js';
import { serve } from '../runtimes/server.js';
import type { Letter, Outcome, Outcomes, Trained } from './page/outcome.js';
import { trainOn } from './page/training.js';

const bound = 1e-5;
/** On a machine that is busy with other things software adapters take their time. */
const patience = 600_000;

describe.skipIf(chromium.program === undefined)(chromium.title, () => {
  let outcomes: Outcomes;
  let wasm: Trained;
  beforeAll(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'surge-gpu-'));
    const server = await build({
      configFile: false,
      root: path.join(root, 'tests/gpu-backends/page'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
    }).then(() => serve(folder, false));
    const args = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
    const browser = await driver.launch({ executablePath: chromium.program, args, timeout: 0 });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      // Of the scripts as a whole, which then post nothing.
      const broken = new Promise<never>((_, reject) => {
        page.on('pageerror', reject);
      });
      const [posted] = await Promise.all([
        Promise.race([server.posted('/outcomes'), broken]),
        page.goto(server.address),
      ]);
      const letter = JSON.parse(Buffer.from(posted).toString()) as Letter;
      if ('failed' in letter) throw new Error(letter.failed);
      ({ outcomes } = letter);
      wasm = trained(outcomes['surge-wasm']);
    } finally {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true });
    }
  }, patience);

  function trained(outcome: Outcome): Trained {
    if ('trained' in outcome) return outcome.trained;
    throw new Error(outcome.failed);
  }

  function expectAgreement(found: Trained): void {
    expect(found.gradients).toHaveLength(wasm.gradients.length);
    found.gradients.forEach((gradient, i) => {
      const wanted = wasm.gradients[i];
      const length = norm(wanted);
      expect(length).toBeGreaterThan(0);
      expect(norm(gradient.map((value, k) => value - wanted[k])) / length).toBeLessThan(bound);
    });
    found.losses.forEach((loss, i) => {
      expect(Math.abs(loss / wasm.losses[i] - 1)).toBeLessThan(bound);
    });
    expect(found.statistics).toHaveLength(2);
    found.statistics.forEach(({ lambda, cosine, clipped }, i) => {
      const wanted = wasm.statistics[i];
      expect(wanted.lambda).toBeGreaterThan(0);
      expect(Math.abs(lambda / wanted.lambda - 1)).toBeLessThan(bound);
      expect(Math.abs(cosine - wanted.cosine)).toBeLessThan(bound);
      expect(Math.abs(clipped - wanted.clipped)).toBeLessThan(bound);
    });
    expect(new Set(found.tensors).size).toBe(1);
  }

  it('surge-wasm gives in a page, without fused multiply-add, the bits that it gives here on two threads', async () => {
    const { provider, losses, gradients, statistics } = trained(outcomes.portable);
    const here = await trainOn({ backend: 'surge-wasm', threads: 2, fusedMultiplyAdd: false });
    expect(here).toMatchObject({ provider, losses, gradients, statistics });
  });

  it('webgl trains as surge-wasm does', () => {
    const webgl = trained(outcomes.webgl);
    expect(webgl.provider).toBe('tfjs-webgl');
    expectAgreement(webgl);
  });

  it('webgpu does, where there is an adapter, and is refused in a sentence elsewhere', () => {
    const { webgpu } = outcomes;
    if ('trained' in webgpu) {
      expect(webgpu.trained.provider).toBe('tfjs-webgpu');
      expectAgreement(webgpu.trained);
    } else {
      expect(webgpu.failed).toMatch(
        /^InputError: engine webgpu: (this browser has WebGPU and finds no adapter for it|it needs a browser with WebGPU .+)$/,
      );
    }
  });
});

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
