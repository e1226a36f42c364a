/**
 * What a thread of the team runs, as text: Node starts it as it is, a browser from a blob, and neither needs a file beside the code. It
 * claims tasks and calls kernels as Team.run does, and never answers messages again: the memory is all that it knows. It leaves when its place
 * has another owner: looked at after the generation and before a claim, which succeeds for that generation alone.
 */
import { argumentNumbers, control, jobNumbers } from './control.js';

export const memberSource = `
'use strict';

function serve({ module, memory, thread, member }) {
  // A browser's page lets go of the address that this came from.
  if (typeof WorkerGlobalScope === 'function') self.postMessage(0);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => exports[name]);
  const { claim, finish, rest } = exports;
  const words = new Int32Array(memory.buffer, 0, ${control.job / 4});
  const job = new Float64Array(memory.buffer, ${control.job}, ${jobNumbers});
  const results = new Float64Array(memory.buffer, ${control.results}, ${(control.end - control.results) / 8});
  Atomics.add(words, ${control.present / 4}, 1);
  const values = [];
  let seen = 0;
  for (;;) {
    const generation = rest(seen);
    if (generation === seen) continue;
    seen = generation;
    if (Atomics.load(words, ${control.owners / 4} + thread) !== member) return;
    for (let left = claim(seen); left > 0; left = claim(seen)) {
      const task = job[2] - left;
      values.length = job[1];
      for (let i = 0, at = 3; i < values.length; i++, at += ${argumentNumbers}) {
        const grain = job[at + 3];
        values[i] = grain > 0
          ? Math.min(grain, job[at] - task * grain)
          : job[at] + task * job[at + 1] + thread * job[at + 2];
      }
      try {
        results[task] = Number(kernels[job[0]](...values));
      } catch {
        Atomics.store(words, ${control.failed / 4}, 1);
      }
      finish(seen);
    }
  }
}

// Browsers and Deno have web workers. Node's may be a script or a module, and both may import so.
if (typeof WorkerGlobalScope === 'function') self.onmessage = ({ data }) => serve(data);
else import('node:worker_threads').then(({ parentPort }) => parentPort.on('message', serve));
`;
