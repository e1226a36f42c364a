/**
 * The float twin on TF.js's WebAssembly backend (XNNPACK, SIMD): the graph's ops one by one, with what that backend computes together:
 * bias and relu go into the convolution in front of them.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { decodeModel } from '@surge-bnn/runtime';

const require = createRequire(import.meta.url);

export async function open({ inputShape }, read) {
  const tf = require('@tensorflow/tfjs-core');
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  wasm.setThreadsCount(1);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const bytes = read('float.bnn');
  return async () => {
    if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');
    const { graph, tensors } = decodeModel(bytes);
    const weights = new Map(
      [...tensors].map(([key, { shape, bytes: own }]) => [
        key,
        // A copy: a Buffer's slice would be the whole file's.
        tf.tensor(new Float32Array(new Uint8Array(own).buffer), shape),
      ]),
    );
    const steps = fused(graph).map((node) => stepOf(tf, node, weights));
    const output = graph.outputs[0];
    let input;
    const forward = () =>
      tf.tidy(() => {
        const values = new Map([[graph.inputs[0].name, input]]);
        for (const { name, inputs, compute } of steps) {
          values.set(name, compute(...inputs.map((one) => values.get(one))));
        }
        return values.get(output);
      });
    return {
      give(inputs, batch) {
        input = tf.tensor(inputs, [batch, ...inputShape]);
      },
      // The backend computes at once; to read the numbers is a copy, as it is for its users.
      async run() {
        const outputs = forward();
        await outputs.data();
        outputs.dispose();
      },
      async read() {
        const outputs = forward();
        const numbers = await outputs.data();
        outputs.dispose();
        return numbers;
      },
      end() {
        tf.dispose([...weights.values(), input]);
      },
    };
  };
}

/** A relu that alone reads a convolution becomes its activation. */
function fused({ nodes, outputs }) {
  const readers = (name) =>
    nodes.filter(({ inputs }) => inputs.includes(name)).length +
    outputs.filter((one) => one === name).length;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const swallowed = new Map();
  for (const node of nodes) {
    const before = byName.get(node.inputs[0]);
    if (node.op === 'relu' && before?.op === 'conv2d' && readers(before.name) === 1) {
      swallowed.set(before.name, node);
    }
  }
  const gone = new Set([...swallowed.values()].map(({ name }) => name));
  return nodes
    .filter(({ name }) => !gone.has(name))
    .map((node) => {
      const relu = swallowed.get(node.name);
      return relu === undefined ? node : { ...node, name: relu.name, activation: 'relu' };
    });
}

function stepOf(tf, node, weights) {
  const { name, inputs, attributes } = node;
  const of = (role) => (role in node.tensors ? weights.get(node.tensors[role]) : undefined);
  return { name, inputs, compute: computes[node.op](tf, { ...node, attributes, of }) };
}

/** Of the ops that the float twins have. */
const computes = {
  conv2d: (tf, { attributes: { window, groups, padValue }, activation, of }) => {
    if (groups !== 1 || padValue !== 0) throw new Error('a convolution that no float twin has');
    const config = {
      filter: of('kernel'),
      strides: [...window.strides],
      dilations: [...window.dilations],
      pad: padOf(window),
      bias: of('bias'),
      ...(activation && { activation }),
    };
    return (x) => tf.fused.conv2d({ x, ...config });
  },
  dense: (tf, { of }) => {
    const [kernel, bias] = [of('kernel'), of('bias')];
    return (x) => tf.fused.matMul({ a: x, b: kernel, bias });
  },
  affine: (tf, { of }) => {
    const [a, b] = [of('a'), of('b')];
    return (x) => {
      const scaled = a === undefined ? x : tf.mul(x, a);
      return b === undefined ? scaled : tf.add(scaled, b);
    };
  },
  relu: (tf) => (x) => tf.relu(x),
  clip:
    (tf, { attributes: { min, max } }) =>
    (x) =>
      tf.clipByValue(x, min, max),
  prelu: (tf, { of }) => {
    const alpha = of('alpha');
    return (x) => tf.prelu(x, alpha);
  },
  add:
    (tf) =>
    (first, ...rest) =>
      rest.reduce((sum, x) => tf.add(sum, x), first),
  concat:
    (tf) =>
    (...all) =>
      tf.concat(all, -1),
  reshape:
    (tf, { attributes: { shape } }) =>
    (x) =>
      tf.reshape(x, [x.shape[0], ...shape]),
  maxPool2d: (tf, { attributes: { window } }) => pool(tf.maxPool, window),
  averagePool2d: (tf, { attributes: { window } }) => {
    if (window.pads.some((pad) => pad > 0)) throw new Error('a mean pool that no float twin has');
    return pool(tf.avgPool, window);
  },
};

function pool(compute, window) {
  const { size, strides, dilations } = window;
  if (dilations.some((dilation) => dilation !== 1))
    throw new Error('a pool that no float twin has');
  return (x) => compute(x, [...size], [...strides], padOf(window));
}

/** Of each axis of NHWC, before and behind. */
function padOf({ pads: [top, left, bottom, right] }) {
  if (top + left + bottom + right === 0) return 'valid';
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
