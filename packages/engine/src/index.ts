/**
 * @surge-bnn/engine: a TF.js backend for training on CPUs. Nothing acts on import; `useEngine` registers
 * and activates.
 */
export {
  useEngine,
  backendMemory,
  backendNames,
  expectVaryingSizes,
  heapRoom,
  withAllocationLog,
} from './use-engine.js';
export type {
  BackendName,
  EngineInfo,
  EngineMemory,
  EngineOptions,
  HeapRoom,
} from './use-engine.js';
export type { AllocationEvent, AllocationLog } from './memory/allocation-log.js';
export { PoolReplay } from './memory/pool-replay.js';
export { partialGradientBytes } from './providers/wasm/filter-gradient-cuts.js';
export { nativeReport } from './native-report.js';
export type { NativeReport } from './native-report.js';
export { gpuBackendNames, gpuBackendProblem } from './tfjs-backends.js';
export type { GpuBackendName } from './tfjs-backends.js';
export { kernelSupport, supportPage } from './support.js';
export type { KernelSupport, Support } from './support.js';
export { packedKernels } from './packed-kernels.js';
export type { PackedKernelOptions } from './packed-kernels.js';
export { profileKernels } from './kernels/profile.js';
export type { KernelTime, PartTime } from './kernels/profile.js';
export type { PoolStatistics } from './memory/pool.js';
export type { ProviderName } from './providers/load.js';
export type { KernelName, Precision } from './providers/provider.js';
export { adamStep, bopStep, sgdStep } from './providers/reference/optimizer-steps.js';
