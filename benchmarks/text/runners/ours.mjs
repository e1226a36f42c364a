/** A packed text model in our runtime; what a runner is, onnxruntime.mjs says. */
import { loadText } from '@surge-bnn/runtime/text';

export async function open({ kind, threads, native, load }, read) {
  const bytes = read(`${kind}.bnn`);
  const kernels = native ? { kernels: await nativeKernels(threads) } : { kernels: 'wasm', threads };
  return async () => {
    const model = await loadText(bytes, { ...load, ...kernels });
    return {
      logits: (ids) => model.logitsOf({ ids, first: ids.length }),
      end: () => model.close(),
    };
  };
}

async function nativeKernels(threads) {
  const { packedKernels } = await import('@surge-bnn/engine');
  return packedKernels({ threads });
}
