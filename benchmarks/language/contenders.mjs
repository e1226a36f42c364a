/** Who is measured: our engines, and PyTorch in each spelling of a method; what every process answers is in ../train/trainer.mjs. */
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const engineOptions = {
  wasm1: { backend: 'surge-wasm', threads: 1 },
  wasm2: { backend: 'surge-wasm', threads: 2 },
  native1: { backend: 'surge-native', threads: 1 },
  native2: { backend: 'surge-native', threads: 2 },
};
const peerThreads = { pytorch1: 1, pytorch2: 2 };

/** Spellings of peers/pytorch_bert.py, of which the fastest stands in the table. */
const spellingsOf = (method) => (method === 'fp' ? ['modules', 'encoder'] : ['modules']);

/**
 * The contenders for one task and method.
 *
 * @param python the interpreter that has torch; undefined: no PyTorch
 */
export function contendersFor(task, method, options, python) {
  const { steps, warmup, batch, length } = options;
  const plan = { network: task, method, steps, warmup, leadIn: options.busy ? 1 : 2, batch };
  return options.engines.flatMap((engine) => {
    const threads = peerThreads[engine];
    if (threads !== undefined) {
      if (python === undefined) return [];
      return spellingsOf(method).map((spelling) => ({
        ...plan,
        engine,
        spelling,
        family: engine,
        label: `${engine} (${spelling})`,
        threads,
        command: [python, peerArguments({ task, method, spelling, batch, length, threads })],
      }));
    }
    const config = { task, method, batch, length, engine: engineOptions[engine] };
    return [
      {
        ...plan,
        engine,
        family: engine,
        label: engine,
        threads: engineOptions[engine].threads,
        command: [process.execPath, [here('child.mjs'), JSON.stringify(config)]],
      },
    ];
  });
}

function peerArguments(words) {
  return [
    here('../peers/pytorch_bert.py'),
    ...Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ];
}
