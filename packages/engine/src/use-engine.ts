/**
 * `useEngine`: picks the backend, registers it with TF.js and makes it the current one. Nothing of it
 * happens on import; the backend, the CPU kernels and the provider are loaded here.
 */
import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import type { SurgeBackend } from './backend.js';
import type { PoolStatistics } from './memory/pool.js';
import { loadProvider, type ProviderName } from './providers/load.js';
import type { KernelName } from './providers/provider.js';
import { supportOf, type Support } from './support.js';

/** The backends that exist; 'auto' is the fastest of them. */
export const backendNames = ['surge-wasm', 'surge-reference', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

export interface EngineOptions {
  /** Default: 'auto', the fastest that is there (now: 'surge-wasm'). */
  readonly backend?: BackendName | 'auto';
  /** Only 1 for now. */
  readonly threads?: number;
}

export interface EngineInfo {
  /** The TF.js backend that is now current. */
  readonly backend: BackendName;
  /** Who computes: a provider of the engine, or TF.js's own CPU backend. */
  readonly provider: ProviderName | 'tfjs-cpu';
  readonly threads: number;
  /** The provider's kernels: its own code, or the slow reference. Empty for 'cpu'. */
  readonly kernels: Readonly<Partial<Record<KernelName, Support>>>;
}

const providerOf: Readonly<Record<Exclude<BackendName, 'cpu'>, ProviderName>> = {
  'surge-wasm': 'wasm',
  'surge-reference': 'reference',
};

const backends = new Map<BackendName, SurgeBackend>();

/**
 * Makes an engine TF.js's current backend. Calling it again with the same name changes nothing.
 *
 * @throws InputError for a backend or a number of threads that does not exist.
 * @example const info = await useEngine({ backend: 'auto' });
 */
export async function useEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  checkKeys(options, ['backend', 'threads'], 'useEngine');
  const backend = checkBackend(options.backend ?? 'auto');
  const threads = checkThreads(options.threads ?? 1);
  await import('@tensorflow/tfjs-backend-cpu');
  if (backend === 'cpu') {
    await activate('cpu');
    withoutBanner(() => tf.zeros([1]).dispose());
    return { backend, provider: 'tfjs-cpu', threads, kernels: {} };
  }
  const provider = providerOf[backend];
  const { provider: running } = await register(backend, provider);
  await activate(backend);
  const names = Object.keys(running.kernels) as KernelName[];
  const kernels = Object.fromEntries(names.map((name) => [name, supportOf(running, [name])]));
  return { backend, provider, threads, kernels };
}

/**
 * Blocks and bytes under the tensors of an engine. In a steady state of training `freshExtensions` and
 * `liveBlocks` stand still. Undefined while the backend is not registered, and for 'cpu'.
 */
export function backendMemory(backend: string = tf.getBackend()): PoolStatistics | undefined {
  return registered(backend)?.statistics();
}

/** Which of the known backends a name means. */
function checkBackend(name: string): BackendName {
  if (name === 'auto') return 'surge-wasm';
  const known = backendNames.find((other) => other === name);
  if (known) return known;
  if (name === 'surge-native') {
    throw new InputError(
      `engine backend "${name}" does not exist yet; allowed: ${[...backendNames, 'auto'].join(', ')}`,
    );
  }
  throw unknownName('engine backend', name, [...backendNames, 'auto']);
}

function checkThreads(threads: number): number {
  if (threads === 1) return threads;
  throw new InputError(`engine threads: ${threads} is not possible yet; allowed: 1`);
}

async function register(backend: BackendName, name: ProviderName): Promise<SurgeBackend> {
  const present = registered(backend);
  if (present) return present;
  const [{ SurgeBackend }, { registerKernels }, provider] = await Promise.all([
    import('./backend.js'),
    import('./kernels/register.js'),
    loadProvider(name),
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
