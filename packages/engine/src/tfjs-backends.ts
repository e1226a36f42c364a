/**
 * TF.js's own GPU backends as engines of a page: 'webgl' and 'webgpu'. No kernel of the table runs there; core's layers compose
 * theirs of plain ops. Their packages are optional peer dependencies, loaded when one is asked for, and 'auto' never takes them:
 * sums of a GPU have an order of their own, and small networks wait for it more than they gain.
 */
import * as tf from '@tensorflow/tfjs-core';
import { InputError } from '@surge-bnn/contract';

export const gpuBackendNames = ['webgl', 'webgpu'] as const;
export type GpuBackendName = (typeof gpuBackendNames)[number];

export function isGpuBackend(name: string): name is GpuBackendName {
  return gpuBackendNames.some((other) => other === name);
}

/**
 * Makes the backend TF.js's current one.
 *
 * @throws InputError where the device or the package is missing, or the device does not compute in float32.
 */
export async function activateGpuBackend(name: GpuBackendName): Promise<void> {
  const problem = await gpuBackendProblem(name);
  if (problem !== undefined) throw new InputError(`engine ${name}: ${problem}`);
  await loadPackage(name);
  // Signs and norms of gradients in float16 are another method. Asked first, so that the backend before stays.
  if (name === 'webgl' && !tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new InputError(
      'engine webgl: this device renders in float16, and training needs float32',
    );
  }
  if (tf.getBackend() !== name && !(await tf.setBackend(name))) {
    throw new InputError(`engine ${name}: TF.js could not start it; the console says why`);
  }
}

/** What this host lacks for the backend, in words; undefined where its device is there. Loads no package. */
export async function gpuBackendProblem(name: GpuBackendName): Promise<string | undefined> {
  return name === 'webgl' ? webglProblem() : webgpuProblem();
}

function webglProblem(): string | undefined {
  if (typeof OffscreenCanvas === 'undefined') {
    return 'it needs a browser with OffscreenCanvas, and there is none here';
  }
  // As TF.js asks for it: software is slower than WebAssembly, and counts where its flag, which its package brings, was set.
  const onSoftware = tf.env().getFlags()['SOFTWARE_WEBGL_ENABLED'] === true;
  const context = new OffscreenCanvas(1, 1).getContext('webgl2', {
    failIfMajorPerformanceCaveat: !onSoftware,
  });
  if (context === null) {
    return 'this browser gives no WebGL 2 on a GPU (to take software, import the package and set the flag SOFTWARE_WEBGL_ENABLED)';
  }
  const rendersFloat32 = context.getExtension('EXT_color_buffer_float') !== null;
  // Browsers keep few contexts alive.
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return rendersFloat32
    ? undefined
    : 'WebGL on this device does not render in float32, which training needs';
}

async function webgpuProblem(): Promise<string | undefined> {
  const gpu: unknown = typeof navigator === 'undefined' ? undefined : Reflect.get(navigator, 'gpu');
  if (!asksForAdapters(gpu)) {
    return 'it needs a browser with WebGPU (and a page from https or localhost), and there is none here';
  }
  const adapter = await gpu.requestAdapter();
  return adapter === null || adapter === undefined
    ? 'this browser has WebGPU and finds no adapter for it'
    : undefined;
}

/** As much of WebGPU's types as is asked here: TypeScript's DOM library does not have them. */
function asksForAdapters(gpu: unknown): gpu is { requestAdapter(): Promise<unknown> } {
  return typeof gpu === 'object' && gpu !== null && 'requestAdapter' in gpu;
}

/** The names stand as they are, so that bundlers find them. */
async function loadPackage(name: GpuBackendName): Promise<void> {
  try {
    if (name === 'webgl') await import('@tensorflow/tfjs-backend-webgl');
    else await import('@tensorflow/tfjs-backend-webgpu');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(
      `engine ${name}: the package @tensorflow/tfjs-backend-${name} cannot be loaded (${why}); npm install @tensorflow/tfjs-backend-${name}`,
      { cause },
    );
  }
}
