/**
 * The packed network in our runtime.
 *
 * A runner's `open(config, read)` gives a function that loads the network from bytes that are in memory already; a loaded network has
 * `give(inputs, batch)`, `run()` on what was given, `read()`, which is run with its outputs, and `end()`; ours has `profile()`, too.
 */
import { load } from '@surge-bnn/runtime';

export async function open(config, read) {
  const bytes = read('packed.bnn');
  const kernels = config.native === undefined ? {} : { kernels: await nativeKernels(config) };
  return async () => {
    const model = await load(bytes, { ...config.load, ...kernels });
    let inputs;
    let outputs;
    return {
      give(given, batch) {
        inputs = given;
        outputs = new Float32Array(batch * model.outputShape.reduce((a, b) => a * b, 1));
      },
      run: () => model.run(inputs, outputs),
      profile: () => model.profile(inputs),
      read: () => model.run(inputs, outputs),
      end: () => {
        model.close();
      },
    };
  };
}

async function nativeKernels({ native: { isa }, threads }) {
  if (isa !== undefined) process.env.SURGE_ISA = isa;
  const { packedKernels } = await import('@surge-bnn/engine');
  return packedKernels({ threads });
}
