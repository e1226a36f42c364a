/**
 * What a thread of the pool runs, as text: Node starts it as it is, a browser from a blob, and neither needs a file beside the
 * code. Between two runs a thread looks for work for some microseconds, then sleeps.
 *
 * Control words, shared by all threads of the pool: generation (changes when there is something to do), command (1 compute,
 * 2 listen to messages, because a sleeping thread hears none), model, program, from, to, threads that are done.
 */
export const control = { generation: 0, command: 1, model: 2, program: 3, from: 4, to: 5, done: 6 };
export const controlWords = 16;
export const commands = { compute: 1, listen: 2 };

export const workerSource = `
'use strict';
const models = new Map();
let words, thread, threads, seen = 0;

function serve() {
  for (;;) {
    let tries = 0;
    while (Atomics.load(words, ${control.generation}) === seen) {
      if (++tries > 20000) Atomics.wait(words, ${control.generation}, seen);
    }
    seen = Atomics.load(words, ${control.generation});
    if (Atomics.load(words, ${control.command}) === ${commands.listen}) return;
    const run = models.get(words[${control.model}]);
    try {
      run(words[${control.program}] >>> 0, words[${control.from}], words[${control.to}], thread, threads);
    } finally {
      Atomics.add(words, ${control.done}, 1);
    }
  }
}

function hear(message) {
  if (message.words !== undefined) ({ words, thread, threads } = message);
  else if (message.memory === undefined) models.delete(message.model);
  else {
    const env = { memory: message.memory };
    models.set(message.model, new WebAssembly.Instance(message.module, { env }).exports.run);
  }
  Atomics.add(words, ${control.done}, 1);
  serve();
}

// Browsers and Deno have web workers. Node's may be a script or a module, and both may import so.
if (typeof WorkerGlobalScope === 'function') self.onmessage = ({ data }) => hear(data);
else import('node:worker_threads').then(({ parentPort }) => parentPort.on('message', hear));
`;
