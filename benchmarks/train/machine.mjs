/** The machine and what else it was doing: a number without them means nothing. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { nativeReport } from '@surge-bnn/engine';

/** Instruction sets that decide which kernels run. */
const interesting = [
  'avx2',
  'fma',
  'avx512f',
  'avx512bw',
  'avx512vl',
  'avx512_vpopcntdq',
  'avx512_bf16',
  'amx_tile',
  'asimd',
  'asimddp',
  'sve',
  'bf16',
];

export async function describeMachine() {
  const { isa, oneDnn } = await nativeReport();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    isa: isaFlags(),
    // The native engine's, where it is built.
    native: { isa, oneDnn },
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
    loadBefore: loadavg()[0],
  };
}

/** Empty where the system has no /proc/cpuinfo. */
function isaFlags() {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    const flags = new Set((line?.[1] ?? '').split(/\s+/));
    return interesting.filter((flag) => flags.has(flag));
  } catch {
    return [];
  }
}
