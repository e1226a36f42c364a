/** The engine of a run as its records keep it: what is written, when it is the same, and what to say when it is not. */
import { engineText, InputError } from '@surge-bnn/contract';
import type { BackendName, EngineInfo } from '@surge-bnn/engine';
import type { Recipe } from './recipe/schema.js';
import type { EngineRecord, EngineStart } from './types.js';

/** The engine's backends by their names in recipes. */
export const backendNames: Readonly<Record<Recipe['engine']['backend'], BackendName | 'auto'>> = {
  auto: 'auto',
  native: 'surge-native',
  wasm: 'surge-wasm',
  reference: 'surge-reference',
  tfjs: 'cpu',
};

/** What decides about a run's bits. */
const traits = [
  'backend',
  'threads',
  'isa',
  'binaryGradients',
  'auxiliaryGradients',
  'fusedMultiplyAdd',
] as const;
type Trait = (typeof traits)[number];

/** Where the bits do not depend on a trait. */
const THREADS_DO_NOT_MATTER = ['surge-wasm'];

/** What there is to keep of an engine that was started from a recipe; only what is not as ever is in it. */
export function engineStart(info: EngineInfo, spec: Recipe['engine']): EngineStart {
  const { backend, threads, isa, passedOver, fusedMultiplyAdd } = info;
  const { binaryGradients, auxiliaryGradients } = spec;
  return {
    backend,
    threads,
    ...(isa === undefined ? {} : { isa }),
    ...(binaryGradients === 'bfloat16' ? { binaryGradients } : {}),
    ...(auxiliaryGradients === 'bfloat16' ? { auxiliaryGradients } : {}),
    ...(fusedMultiplyAdd === true ? { fusedMultiplyAdd } : {}),
    ...(passedOver === undefined ? {} : { passedOver }),
  };
}

/** Without what matters at the start alone. */
export function engineRecord({ passedOver: _, ...record }: EngineStart): EngineRecord {
  return record;
}

/** Whether the two give the same bits (on one CPU). */
export function sameEngine(a: EngineRecord, b: EngineRecord): boolean {
  return differences(a, b).length === 0;
}

function differences(a: EngineRecord, b: EngineRecord): Trait[] {
  return traits.filter((trait) => {
    const free =
      trait === 'threads' && a.backend === b.backend && THREADS_DO_NOT_MATTER.includes(a.backend);
    return a[trait] !== b[trait] && !free;
  });
}

/** @throws InputError for a run that would go on with other bits than it began with. */
export function checkSameEngine(now: EngineRecord, before: EngineRecord, out: string): void {
  if (sameEngine(now, before)) return;
  // Another backend has its instruction set, or none, by itself.
  const differing = differences(now, before).filter((trait) => {
    if (trait === 'threads') return !THREADS_DO_NOT_MATTER.includes(before.backend);
    return !(trait === 'isa' && now.backend !== before.backend);
  });
  throw new InputError(
    `cannot resume ${out} on another engine: this is ${engineText(now)}, the run used ${engineText(before)}; ` +
      `the bits would differ (to go on: ${differing.map((trait) => wayBack(trait, before)).join(', ')})`,
  );
}

/** What asks for the value that the run had. */
function wayBack(trait: Trait, before: EngineRecord): string {
  if (trait === 'fusedMultiplyAdd') return `engine.${trait} ${before[trait] === true}`;
  const value = before[trait] ?? 'float32';
  if (trait === 'isa') return `SURGE_ISA=${value}`;
  if (trait !== 'backend') return `engine.${trait} ${value}`;
  const [name] = Object.entries(backendNames).find(([, backend]) => backend === value) ?? [value];
  return `engine.backend ${name}`;
}
