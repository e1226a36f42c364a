/** Who is measured: packed binary networks in our runtime, the float twin in onnxruntime. The one list of both. */
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));

/** Ways to run a packed network. `against`: the peer whose threads are as many. `exact`: logits must have the reference's bits. */
const ways = [
  { name: 'wasm', threads: 1 },
  { name: 'wasm', threads: 2 },
  { name: 'native', threads: 1, native: true },
  { name: 'native', threads: 2, native: true },
];

const ours = ['bibert', 'bit'].flatMap((kind) =>
  ways.map((way) => ({
    ...way,
    kind,
    runner: 'ours',
    exact: true,
    load: {},
    against: way.threads === 1 ? 'onnxruntime-node1' : 'onnxruntime-node-default',
  })),
);

const peers = [1, 'default'].map((threads) => ({
  name: 'onnxruntime-node',
  threads,
  kind: 'float',
  runner: 'onnxruntime',
  exact: false,
}));

const idOf = ({ kind, name, threads }) =>
  kind === 'float'
    ? `${name}${threads === 'default' ? '-default' : threads}`
    : `${kind}-${name}${threads}`;

const all = [...ours, ...peers].map((one) => ({ ...one, id: idOf(one) }));

export const ids = all.map(({ id }) => id);

const threadsText = (threads) =>
  threads === 'default' ? 'default threads' : `${threads} ${threads === 1 ? 'thread' : 'threads'}`;

/** The contenders for one network. @param prepared {network, folder, files} of prepare.mjs */
export function contendersFor({ network, folder, files }, { chosen, samples }) {
  return all
    .filter(({ id }) => chosen.includes(id))
    .map(({ id, name, kind, threads, against, ...how }) => ({
      network,
      // train/rounds.mjs calls a kind of process an engine, and of a family keeps the fastest.
      engine: name,
      method: kind,
      family: id,
      label: `${name}, ${threadsText(threads)}`,
      threads,
      batch: 1,
      id,
      kind,
      against,
      ...files[kind],
      steps: samples,
      leadIn: 1,
      warmup: 2,
      command: [process.execPath, [child, JSON.stringify({ folder, kind, threads, ...how })]],
    }));
}
