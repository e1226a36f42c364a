/** `surge-bnn doctor`: what this machine has, what the engine runs itself, and what to do next. */
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { DatasetDescription } from '@surge-bnn/data';
import { engineText } from '@surge-bnn/contract';
import type { EngineInfo, KernelSupport, NativeReport } from '@surge-bnn/engine';
import { nativeAdvice, nativeLines } from '../native-lines.js';
import { bytes } from '../terminal/format.js';
import { print, processOutput, type OutputFlags } from '../terminal/output.js';
import { formatTable } from '../terminal/table.js';
import type { AddVerb } from '../verb.js';
import { version } from '../workspace.js';

interface Diagnosis {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory: { readonly total: number; readonly free: number };
  readonly diskFree: number;
  readonly engine: EngineInfo | { readonly error: string };
  readonly native: NativeReport;
  readonly kernels: readonly KernelSupport[];
  readonly datasets: readonly DatasetDescription[];
  readonly advice: readonly string[];
}

export const addDoctor: AddVerb = (program, finish) => {
  program
    .command('doctor')
    .description('check Node, engines, kernels, data sets and disk; say what to do next')
    .option('--json', 'print JSON and nothing else')
    .addHelpText('after', '\nEnds with exit code 1 when the engine does not start.')
    .action(async (flags: OutputFlags) => {
      const diagnosis = await diagnose();
      print(processOutput(flags), diagnosis, formatDiagnosis);
      finish('error' in diagnosis.engine ? 1 : 0);
    });
};

async function diagnose(): Promise<Diagnosis> {
  const [{ kernelSupport, nativeReport }, { describeDatasets }] = await Promise.all([
    import('@surge-bnn/engine'),
    import('@surge-bnn/data'),
  ]);
  const engine = await tryEngine();
  const disk = await statfs('.');
  const found = {
    version: version(),
    node: process.version,
    platform: `${os.platform()} ${os.arch()}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory: { total: os.totalmem(), free: os.freemem() },
    diskFree: disk.bavail * disk.bsize,
    engine,
    native: await nativeReport(),
    kernels: 'error' in engine ? [] : await kernelSupport(),
    datasets: describeDatasets(),
  };
  return { ...found, advice: adviceFor(found) };
}

/** Starts the engine and lets it compute something whose result is known. */
async function tryEngine(): Promise<EngineInfo | { error: string }> {
  try {
    const [{ useEngine }, tf] = await Promise.all([
      import('@surge-bnn/engine'),
      import('@tensorflow/tfjs-core'),
    ]);
    const info = await useEngine();
    const product = tf.tidy(() => tf.matMul(tf.ones([3, 70]), tf.ones([70, 5])));
    const values = await product.data();
    product.dispose();
    return values.every((value) => value === 70)
      ? info
      : { error: `${info.backend} computes wrong: 70 ones summed to ${values[0]}` };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function adviceFor(found: Omit<Diagnosis, 'advice'>): string[] {
  const advice: string[] = [];
  const native = nativeAdvice(found.native);
  if (native !== undefined) advice.push(native);
  // A forced instruction set that is not there says so itself.
  if ('error' in found.engine && found.engine.error !== found.native.problem) {
    advice.push(
      'build the engine again: npm run build; train on plain TF.js meanwhile: --engine tfjs',
    );
  }
  if (found.diskFree < 1e9) advice.push(`free some disk: ${bytes(found.diskFree)} are left here`);
  for (const set of found.datasets.filter((one) => !one.present)) {
    if (set.name === 'digits') {
      advice.push(`install the digits: npm ci (${set.missing.join(', ')} missing)`);
    } else if (set.bytes > 0) {
      advice.push(`for ${set.name} recipes: ${set.how} (${bytes(set.bytes)})`);
    }
  }
  if (!('error' in found.engine)) advice.push('see it work: surge-bnn demo');
  return advice;
}

function formatDiagnosis(d: Diagnosis): string {
  const engine =
    'error' in d.engine ? `does not start: ${d.engine.error}` : `${engineText(d.engine)} works`;
  const lines = [
    `surge-bnn  ${d.version}`,
    `node       ${d.node}`,
    `machine    ${d.platform}, ${d.cpu}, ${d.cores} core(s)`,
    `memory     ${bytes(d.memory.total)}, ${bytes(d.memory.free)} free`,
    `disk       ${bytes(d.diskFree)} free here`,
    `engine     ${engine}`,
  ];
  lines.push('', 'native engine', ...nativeLines(d.native, process.env));
  if (d.kernels.length > 0) lines.push('', formatKernels(d.kernels));
  lines.push('', 'data sets');
  for (const set of d.datasets) {
    lines.push(`  ${set.name.padEnd(14)} ${set.present ? `here: ${set.where}` : 'not here'}`);
  }
  lines.push('', 'next', ...d.advice.map((line) => `  ${line}`));
  return lines.join('\n');
}

/** Which kernels each provider runs itself; what is left to TF.js's own CPU kernels is in --json. */
function formatKernels(kernels: readonly KernelSupport[]): string {
  const providers = [...new Set(kernels.flatMap((kernel) => Object.keys(kernel.providers)))];
  const support = (kernel: KernelSupport, name: string): string =>
    Object.entries(kernel.providers).find(([provider]) => provider === name)?.[1] ?? '';
  const table = formatTable<KernelSupport>(
    [
      { title: 'kernel', value: (k) => k.kernel, align: 'left' },
      ...providers.map((name) => ({
        title: name,
        value: (k: KernelSupport) => support(k, name),
        align: 'left' as const,
      })),
    ],
    kernels,
  );
  return `kernels: "own" is fast code of the provider, "reference" plain TypeScript, right but slow\n\n${table}`;
}
