/**
 * The matrix products that ours is measured against, on one thread: XNNPACK in tfjs-backend-wasm, and jax-js
 * on its wasm device. A peer that does not run here is reported by name and reason, never left out silently.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';

const require = createRequire(import.meta.url);

async function xnnpack() {
  const tf = require('@tensorflow/tfjs-core');
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  wasm.setThreadsCount(1);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');
  return (m, k, n, valuesA, valuesB) => {
    const a = tf.tensor2d(valuesA, [m, k]);
    const b = tf.tensor2d(valuesB, [k, n]);
    const read = () => {
      const c = tf.matMul(a, b);
      const values = c.dataSync();
      c.dispose();
      return values;
    };
    return {
      read,
      run: () => tf.matMul(a, b).dispose(),
      end: () => tf.dispose([a, b]),
    };
  };
}

async function jax() {
  const { defaultDevice, init, numpy: np } = await import('@jax-js/jax');
  if (!(await init('wasm')).includes('wasm')) throw new Error('no wasm device');
  defaultDevice('wasm');
  return (m, k, n, valuesA, valuesB) => {
    const a = np.array(valuesA).reshape([m, k]);
    const b = np.array(valuesB).reshape([k, n]);
    // Execution is lazy; reading the result is the only way to wait for it, and copies it once.
    const read = () => np.matmul(a.ref, b.ref).dataSync();
    return { read, run: read, end: () => {} };
  };
}

/** The peers that run here, and why the others do not. */
export async function startPeers() {
  const peers = {};
  const missing = {};
  for (const [name, start] of Object.entries({ 'tfjs-wasm (XNNPACK)': xnnpack, 'jax-js': jax })) {
    try {
      peers[name] = await start();
    } catch (error) {
      missing[name] = String(error instanceof Error ? error.message : error);
    }
  }
  return { peers, missing };
}
