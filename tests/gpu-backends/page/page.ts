/** Trains on each backend that there is, and posts what came of it. */
import type { EngineOptions } from '@surge-bnn/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Letter, Outcome } from './outcome.js';
import { trainOn } from './training.js';

async function outcomeOf(engine: EngineOptions): Promise<Outcome> {
  try {
    return { trained: await trainOn(engine) };
  } catch (error) {
    return { failed: sentenceOf(error) };
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function allOutcomes(): Promise<Letter> {
  try {
    // TF.js takes software only where it is told so, by a flag that its package brings.
    await import('@tensorflow/tfjs-backend-webgl');
    tf.env().set('SOFTWARE_WEBGL_ENABLED', true);
    const outcomes = {
      'surge-wasm': await outcomeOf({ backend: 'surge-wasm' }),
      portable: await outcomeOf({ backend: 'surge-wasm', fusedMultiplyAdd: false }),
      webgl: await outcomeOf({ backend: 'webgl' }),
      webgpu: await outcomeOf({ backend: 'webgpu' }),
    };
    return { outcomes };
  } catch (error) {
    return { failed: sentenceOf(error) };
  }
}

await fetch('outcomes', { method: 'POST', body: JSON.stringify(await allOutcomes()) });
