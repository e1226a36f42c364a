/**
 * `useEngine`: picks the backend, registers it with TF.js and makes it the current one. Nothing of it
 * happens on import; the backend, the CPU kernels and the provider are loaded here.
 */
import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import type { SurgeBackend } from './backend.js';
import type { PoolStatistics } from './memory/pool.js';
import { loadProvider, type ProviderName } from './providers/load.js';
import type { KernelName, Precision, ProviderSettings } from './providers/provider.js';
import { supportOf, type Support } from './support.js';
import { activateGpuBackend, gpuBackendNames, isGpuBackend } from './tfjs-backends.js';
import type { GpuBackendName } from './tfjs-backends.js';

/**
 * The backends that exist, fastest first, and TF.js's own for GPUs, which 'auto' never takes. 'surge-native' is there where it was
 * built (npm run build:native), 'webgl' and 'webgpu' in browsers, where their packages are installed.
 */
export const backendNames = [
  'surge-native',
  'surge-wasm',
  'surge-reference',
  'cpu',
  ...gpuBackendNames,
] as const;
export type BackendName = (typeof backendNames)[number];

export interface EngineOptions {
  /** Default: 'auto', the fastest that is there: 'surge-native' where it was built and loads, else 'surge-wasm'. */
  readonly backend?: BackendName | 'auto';
  /** Default: as many as the machine has cores on 'surge-native'; 1 is all that the others have. */
  readonly threads?: number;
  /**
   * Operand type of the binary branch's two backward products, 'surge-native' alone. 'bfloat16' rounds the incoming gradient to 8
   * bits (signs stay exact). Default 'float32'.
   */
  readonly binaryGradients?: Precision;
  /** The same for the auxiliary branch, whose weights and inputs are rounded too. Default 'float32'. */
  readonly auxiliaryGradients?: Precision;
}

export interface EngineInfo {
  /** The TF.js backend that is now current. */
  readonly backend: BackendName;
  /** Who computes: a provider of the engine, or a backend of TF.js's own. */
  readonly provider: ProviderName | `tfjs-${'cpu' | GpuBackendName}`;
  readonly threads: number;
  /** The provider's kernels: its own code, or the slow reference. Empty for TF.js's own backends. */
  readonly kernels: Readonly<Partial<Record<KernelName, Support>>>;
  /** The instruction set of the native kernels (SURGE_ISA forces one). */
  readonly isa?: string;
  /** Why 'auto' passed over a native engine that was built. */
  readonly passedOver?: string;
}

const providerOf: Readonly<Record<Exclude<BackendName, 'cpu' | GpuBackendName>, ProviderName>> = {
  'surge-native': 'native',
  'surge-wasm': 'wasm',
  'surge-reference': 'reference',
};

const backends = new Map<BackendName, SurgeBackend>();

/** More threads than this are a slip of the keyboard. */
const MOST_THREADS = 256;

/**
 * Makes an engine TF.js's current backend. Calling it again with the same name changes its threads and precisions, and nothing else.
 *
 * @throws InputError for a backend, a number of threads or a precision that does not exist, and for a backend that is asked for by
 * name and is not there: the native engine where it is not built or does not load, TF.js's for GPUs without package or device.
 * @example const info = await useEngine({ backend: 'auto' });
 */
export async function useEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  checkKeys(options, ['backend', 'threads', 'binaryGradients', 'auxiliaryGradients'], 'useEngine');
  const asked = checkBackend(options.backend ?? 'auto');
  const { backend, passedOver } = asked === 'auto' ? await fastest() : { backend: asked };
  const settings = await checkSettings(options, backend);
  const { threads } = settings;
  if (isGpuBackend(backend)) {
    await activateGpuBackend(backend);
    return { backend, provider: `tfjs-${backend}`, threads, kernels: {} };
  }
  await import('@tensorflow/tfjs-backend-cpu');
  if (backend === 'cpu') {
    await activate('cpu');
    withoutBanner(() => tf.zeros([1]).dispose());
    return { backend, provider: 'tfjs-cpu', threads, kernels: {} };
  }
  const provider = providerOf[backend];
  const { provider: running } = await register(backend, provider);
  running.configure?.(settings);
  await activate(backend);
  const names = Object.keys(running.kernels) as KernelName[];
  const kernels = Object.fromEntries(names.map((name) => [name, supportOf(running, [name])]));
  return {
    backend,
    provider,
    threads,
    kernels,
    ...(running.isa === undefined ? {} : { isa: running.isa }),
    ...(passedOver === undefined ? {} : { passedOver }),
  };
}

/** What an engine holds: the blocks under its tensors, and the bytes that its provider keeps beside them. */
export interface EngineMemory extends PoolStatistics {
  /** Buffers of the native provider; 0 for the others, whose scratch memory lies in the heap. */
  readonly providerBytes: number;
}

/**
 * Blocks and bytes of an engine. In a steady state of training `freshExtensions`, `liveBlocks` and `providerBytes` stand still.
 * Undefined while the backend is not registered, and for TF.js's own.
 */
export function backendMemory(backend: string = tf.getBackend()): EngineMemory | undefined {
  const known = registered(backend);
  return known && { ...known.statistics(), providerBytes: known.provider.ownBytes?.() ?? 0 };
}

function checkBackend(name: string): BackendName | 'auto' {
  const allowed = [...backendNames, 'auto'] as const;
  const known = allowed.find((other) => other === name);
  if (known) return known;
  throw unknownName('engine backend', name, allowed);
}

/**
 * What 'auto' means here. A native engine that was built and cannot be used is passed over, and named; with SURGE_ISA, which is a wish
 * of the user's for it, it is this or nothing.
 */
async function fastest(): Promise<{ backend: BackendName; passedOver?: string }> {
  if (!runsOnNode()) return { backend: 'surge-wasm' };
  const { isAddonBuilt } = await import('./providers/native/addon.js');
  if (!isAddonBuilt()) return { backend: 'surge-wasm' };
  try {
    await register('surge-native', 'native');
    return { backend: 'surge-native' };
  } catch (error) {
    if (!(error instanceof InputError) || process.env['SURGE_ISA']) throw error;
    return { backend: 'surge-wasm', passedOver: error.message };
  }
}

function runsOnNode(): boolean {
  return typeof process !== 'undefined' && process.versions.node !== undefined;
}

async function checkSettings(
  { threads, binaryGradients = 'float32', auxiliaryGradients = 'float32' }: EngineOptions,
  backend: BackendName,
): Promise<ProviderSettings> {
  const isNative = backend === 'surge-native';
  for (const [key, value] of Object.entries({ binaryGradients, auxiliaryGradients })) {
    const allowed = isNative ? ['float32', 'bfloat16'] : ['float32'];
    if (allowed.includes(value)) continue;
    throw new InputError(
      `engine ${key}: ${JSON.stringify(value)} is not possible on ${backend}; allowed: ${allowed.join(', ')}`,
    );
  }
  const most = isNative ? MOST_THREADS : 1;
  const count = threads ?? (isNative ? await cores() : 1);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    const allowed = isNative ? `1 to ${most}` : '1; surge-native, where it is built, has more';
    throw new InputError(
      `engine threads: ${count} is not possible on ${backend}; allowed: ${allowed}`,
    );
  }
  return { threads: count, binaryGradients, auxiliaryGradients };
}

async function cores(): Promise<number> {
  const { availableParallelism } = await import('node:os');
  return Math.min(availableParallelism(), MOST_THREADS);
}

async function register(backend: BackendName, name: ProviderName): Promise<SurgeBackend> {
  const present = registered(backend);
  if (present) return present;
  const [{ SurgeBackend }, { registerKernels }, provider] = await Promise.all([
    import('./backend.js'),
    import('./kernels/register.js'),
    loadProvider(name),
    // Whose kernels the backend copies.
    import('@tensorflow/tfjs-backend-cpu'),
  ]);
  // Somebody else may have registered it while the modules loaded.
  const meanwhile = registered(backend);
  if (meanwhile) return meanwhile;
  const made = new SurgeBackend(provider);
  registerKernels(backend);
  tf.registerBackend(backend, () => made);
  backends.set(backend, made);
  return made;
}

/** The backend of that name that TF.js knows; one that was removed (and disposed) is forgotten. */
function registered(backend: string): SurgeBackend | undefined {
  const known = backendNames.find((other) => other === backend);
  return known && tf.findBackendFactory(known) ? backends.get(known) : undefined;
}

async function activate(backend: BackendName): Promise<void> {
  if (tf.engine().backendName === backend) return;
  if (!(await tf.setBackend(backend))) throw new Error(`TF.js refused the backend ${backend}`);
}

/** The CPU backend's first tensor prints an advertisement for tfjs-node, unless TF.js runs as in production. */
function withoutBanner(f: () => void): void {
  const before = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    f();
  } finally {
    tf.env().set('PROD', before);
  }
}
