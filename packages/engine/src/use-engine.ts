/**
 * `useEngine`: picks the backend, registers it with TF.js and makes it the current one. Nothing of it
 * happens on import; the backend, the CPU kernels and the provider are loaded here.
 */
import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, InputError, unknownName } from '@surge-bnn/contract';
import { memoryIsShared } from '@surge-bnn/runtime';
import type { SurgeBackend } from './backend.js';
import { AllocationLog } from './memory/allocation-log.js';
import type { PoolStatistics } from './memory/pool.js';
import { loadProvider, type ProviderName } from './providers/load.js';
import type { KernelName, Precision, Provider, ProviderSettings } from './providers/provider.js';
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
  /**
   * Default: as many as the machine has cores on 'surge-native' and on 'surge-wasm', where its threads can share memory (a page must be
   * cross-origin isolated for that); 1 is all that the others have.
   */
  readonly threads?: number;
  /**
   * Products and sums rounded once instead of twice, 'surge-wasm' alone: faster, and other bits than on hosts that cannot. Default: where
   * the host can (Node 21, Chromium 114 and later).
   */
  readonly fusedMultiplyAdd?: boolean;
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
  /** Whether surge-wasm rounds products and sums once. */
  readonly fusedMultiplyAdd?: boolean;
  /** Why there is one thread where there should be more: the others did not start. */
  readonly alone?: string;
  /** Why 'auto' passed over a native engine that was built. */
  readonly passedOver?: string;
}

const providerOf: Readonly<Record<Exclude<BackendName, 'cpu' | GpuBackendName>, ProviderName>> = {
  'surge-native': 'native',
  'surge-wasm': 'wasm',
  'surge-reference': 'reference',
};

const backends = new Map<BackendName, SurgeBackend>();

const optionNames = [
  'backend',
  'threads',
  'binaryGradients',
  'auxiliaryGradients',
  'fusedMultiplyAdd',
] as const;

/** More threads than this are a slip of the keyboard. */
const MOST_THREADS: Readonly<Partial<Record<BackendName, number>>> = {
  'surge-native': 256,
  'surge-wasm': 64,
};

/**
 * Makes an engine TF.js's current backend. Calling it again with the same name changes its threads, precisions and roundings, and
 * nothing else.
 *
 * @throws InputError for a backend, a number of threads or a precision that does not exist, and for a backend that is asked for by
 * name and is not there: the native engine where it is not built or does not load, TF.js's for GPUs without package or device.
 * @example const info = await useEngine({ backend: 'auto' });
 */
export async function useEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  checkKeys(options, optionNames, 'useEngine');
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
  const alone = await configure(running, settings, options.threads === undefined);
  await activate(backend);
  const names = Object.keys(running.kernels) as KernelName[];
  const kernels = Object.fromEntries(names.map((name) => [name, supportOf(running, [name])]));
  return {
    backend,
    provider,
    threads: alone === undefined ? threads : 1,
    kernels,
    ...(running.isa === undefined ? {} : { isa: running.isa }),
    ...(provider === 'wasm' ? { fusedMultiplyAdd: settings.fusedMultiplyAdd } : {}),
    ...(passedOver === undefined ? {} : { passedOver }),
    ...(alone === undefined ? {} : { alone }),
  };
}

/** Threads that nobody has asked for and that do not start are done without; returns why. */
async function configure(
  running: Provider,
  settings: ProviderSettings,
  byDefault: boolean,
): Promise<string | undefined> {
  try {
    await running.configure?.(settings);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError) || !byDefault) throw error;
    await running.configure?.({ ...settings, threads: 1 });
    return error.message;
  }
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

/** The heap of an engine as it stands. */
export interface HeapRoom {
  /** Where it ends: blocks, live and free, and the provider's scratch memory in it. */
  readonly endBytes: number;
  /** All that it may come to; the system may allow less. */
  readonly mostBytes: number;
  /** Sizes of the blocks that lie free. */
  readonly freeBlocks: readonly number[];
}

/** Undefined where `backendMemory` is. */
export function heapRoom(backend: string = tf.getBackend()): HeapRoom | undefined {
  const known = registered(backend);
  if (known === undefined) return undefined;
  const { heap, name } = known.provider;
  return {
    // Reserving nothing tells.
    endBytes: heap.extend(0),
    // The native heap is reserved once; the others have 32-bit addresses and grow.
    mostBytes: name === 'native' ? heap.buffer.byteLength : 2 ** 32,
    freeBlocks: known.freeBlocks(),
  };
}

/**
 * Tells the current engine whether the tensors to come have other sizes in each step, as batches of texts have. Then freed memory serves
 * for smaller tensors, too, before the heap grows; otherwise it serves for its own size alone, and each step takes the same. No number depends on it. Default of an engine: false.
 */
export function expectVaryingSizes(vary: boolean): void {
  registered(tf.getBackend())?.lendBlocks(vary);
}

/**
 * Runs the work while the current engine logs what is taken from its heap and given back; the log can be cut into pieces meanwhile.
 * Undefined, and nothing is run, on 'cpu', which has no heap of its own.
 */
export async function withAllocationLog<T>(
  work: (log: AllocationLog) => Promise<T>,
): Promise<T | undefined> {
  const known = registered(tf.getBackend());
  if (known === undefined) return undefined;
  const log = new AllocationLog();
  known.logTo(log);
  try {
    return await work(log);
  } finally {
    known.logTo(undefined);
  }
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
  options: EngineOptions,
  backend: BackendName,
): Promise<ProviderSettings> {
  const { binaryGradients = 'float32', auxiliaryGradients = 'float32' } = options;
  for (const [key, value] of Object.entries({ binaryGradients, auxiliaryGradients })) {
    const allowed = backend === 'surge-native' ? ['float32', 'bfloat16'] : ['float32'];
    if (allowed.includes(value)) continue;
    throw new InputError(
      `engine ${key}: ${JSON.stringify(value)} is not possible on ${backend}; allowed: ${allowed.join(', ')}`,
    );
  }
  const threads = await checkThreads(options.threads, backend);
  const fusedMultiplyAdd = await checkFused(options.fusedMultiplyAdd, backend);
  return { threads, binaryGradients, auxiliaryGradients, fusedMultiplyAdd };
}

async function checkThreads(asked: number | undefined, backend: BackendName): Promise<number> {
  const alone = backend === 'surge-wasm' && !memoryIsShared();
  const most = alone ? 1 : (MOST_THREADS[backend] ?? 1);
  const count = asked ?? Math.min(most, most === 1 ? 1 : await cores());
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  let allowed = `1 to ${most}`;
  if (most === 1) allowed = alone ? ALONE : '1; surge-wasm and surge-native have more';
  throw new InputError(
    `engine threads: ${count} is not possible on ${backend}; allowed: ${allowed}`,
  );
}

const ALONE =
  '1, because threads need shared memory, which a page has only where it is cross-origin isolated (headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)';

async function checkFused(asked: boolean | undefined, backend: BackendName): Promise<boolean> {
  if (backend !== 'surge-wasm') {
    if (asked === undefined) return false;
    throw new InputError(
      `engine fusedMultiplyAdd: there is no choice on ${backend}, only on surge-wasm`,
    );
  }
  const { hostFuses } = await import('./providers/wasm/fused.js');
  const can = hostFuses();
  if (asked === true && !can) {
    throw new InputError(
      'engine fusedMultiplyAdd: true is not possible on this host, which lacks relaxed SIMD or does not fuse; allowed: false',
    );
  }
  return asked ?? can;
}

/** Cores of the machine, as far as this JavaScript engine tells. */
async function cores(): Promise<number> {
  if (!runsOnNode()) return Math.max(1, navigator.hardwareConcurrency);
  const { availableParallelism } = await import('node:os');
  return availableParallelism();
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
