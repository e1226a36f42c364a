/** The float twin in onnxruntime: native (onnxruntime-node) or WebAssembly SIMD (onnxruntime-web), with all graph optimisations. */

const providers = { 'onnxruntime-node': 'cpu', 'onnxruntime-web': 'wasm' };

export async function open({ package: name, threads, inputShape }, read) {
  const module = await import(name);
  const { InferenceSession, Tensor, env } = module.InferenceSession ? module : module.default;
  if (name === 'onnxruntime-web') env.wasm.numThreads = threads;
  const bytes = read('float.onnx');
  const options = {
    executionProviders: [providers[name]],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  };
  return async () => {
    const session = await InferenceSession.create(bytes, options);
    let feeds;
    return {
      give(inputs, batch) {
        feeds = { [session.inputNames[0]]: new Tensor('float32', inputs, [batch, ...inputShape]) };
      },
      run: () => session.run(feeds),
      read: async () => (await session.run(feeds))[session.outputNames[0]].data,
      end: () => session.release(),
    };
  };
}
