/** What is said where a GPU backend cannot be had. (Where it can, tests/gpu-backends trains on it in a browser.) */
import { InputError } from '@surge-bnn/contract';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, it, vi } from 'vitest';
import { gpuBackendProblem } from './tfjs-backends.js';
import { useEngine } from './use-engine.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.doUnmock('@tensorflow/tfjs-backend-webgl');
});

/** A browser whose canvases give this context. */
function stubCanvas(context: object | null): { asked: unknown[] } {
  const asked: unknown[] = [];
  class Canvas {
    getContext(...given: unknown[]): object | null {
      asked.push(...given);
      return context;
    }
  }
  vi.stubGlobal('OffscreenCanvas', Canvas);
  return { asked };
}

const extensions = (names: readonly string[], loseContext = vi.fn()) => ({
  getExtension: (name: string) => (names.includes(name) ? { loseContext } : null),
});

it('webgl needs a canvas, a GPU and float32', async () => {
  expect(await gpuBackendProblem('webgl')).toMatch(/^it needs a browser with OffscreenCanvas/);
  const { asked } = stubCanvas(null);
  expect(await gpuBackendProblem('webgl')).toMatch(/^this browser gives no WebGL 2 on a GPU/);
  expect(asked).toEqual(['webgl2', { failIfMajorPerformanceCaveat: true }]);
  stubCanvas(extensions([]));
  expect(await gpuBackendProblem('webgl')).toMatch(/does not render in float32/);
  const lose = vi.fn();
  stubCanvas(extensions(['EXT_color_buffer_float', 'WEBGL_lose_context'], lose));
  expect(await gpuBackendProblem('webgl')).toBeUndefined();
  // The context that was looked at is given back.
  expect(lose).toHaveBeenCalledOnce();
});

it('webgpu needs a browser that has it, and an adapter', async () => {
  expect(await gpuBackendProblem('webgpu')).toMatch(/^it needs a browser with WebGPU/);
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null } });
  expect(await gpuBackendProblem('webgpu')).toBe(
    'this browser has WebGPU and finds no adapter for it',
  );
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => ({}) } });
  expect(await gpuBackendProblem('webgpu')).toBeUndefined();
});

it('a package that is not installed is named, and the backend before stays', async () => {
  await useEngine({ backend: 'surge-reference' });
  stubCanvas(extensions(['EXT_color_buffer_float']));
  vi.doMock('@tensorflow/tfjs-backend-webgl', () => {
    throw new Error('no such package');
  });
  const asked = useEngine({ backend: 'webgl' });
  await expect(asked).rejects.toBeInstanceOf(InputError);
  await expect(asked).rejects.toThrow(
    /^engine webgl: the package @tensorflow\/tfjs-backend-webgl cannot be loaded \([^]+\); npm install @tensorflow\/tfjs-backend-webgl$/,
  );
  expect(tf.getBackend()).toBe('surge-reference');
});

it('a device that renders in float16 is refused, and the backend before stays', async () => {
  await useEngine({ backend: 'surge-reference' });
  stubCanvas(extensions(['EXT_color_buffer_float']));
  // The package's flag and backend, as far as they are asked for.
  vi.doMock('@tensorflow/tfjs-backend-webgl', () => ({}));
  tf.env().registerFlag('WEBGL_RENDER_FLOAT32_ENABLED', () => false);
  const started = vi.fn(() => tf.backend());
  tf.registerBackend('webgl', started);
  try {
    const asked = useEngine({ backend: 'webgl' });
    await expect(asked).rejects.toBeInstanceOf(InputError);
    await expect(asked).rejects.toThrow(/^engine webgl: this device renders in float16/);
    expect(started).not.toHaveBeenCalled();
    expect(tf.getBackend()).toBe('surge-reference');
  } finally {
    tf.engine().removeBackend('webgl');
  }
});
