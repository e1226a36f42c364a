/**
 * The float twin in onnxruntime-node, with all graph optimisations.
 *
 * A runner's `open(config, read)` gives a function that loads the network from bytes that are in memory already; a loaded network has
 * `logits(ids)`, of one sentence, and `end()`.
 */
import onnxruntime from 'onnxruntime-node';

export async function open({ threads }, read) {
  const { InferenceSession, Tensor } = onnxruntime;
  const bytes = read('float.onnx');
  const options = {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    // Absent, it takes a thread for each core.
    ...(threads === 'default' ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 }),
  };
  return async () => {
    const session = await InferenceSession.create(bytes, options);
    return {
      async logits(ids) {
        const shape = [1, ids.length];
        const longs = (values) => new Tensor('int64', values, shape);
        const made = await session.run({
          input_ids: longs(BigInt64Array.from(ids, BigInt)),
          token_type_ids: longs(new BigInt64Array(ids.length)),
          attention_mask: longs(new BigInt64Array(ids.length).fill(1n)),
        });
        return made.logits.data;
      },
      end: () => session.release(),
    };
  };
}
