/** A model as a program for kernels outside JavaScript: WebAssembly or native. */
import type { ModelSource } from '../format/model-source.js';
import { nanAt } from '../ops/nan.js';
import { assemble } from '../program/assemble.js';
import type { Arithmetic } from '../program/assemble.js';
import type { KernelSet } from '../program/kernel-set.js';
import { edgeOf, edgesOf } from './describe.js';
import { nanReport } from '../program/nan-report.js';
import { checkMemory } from './executor.js';
import type { Executor, MemoryBudget } from './executor.js';
import { pixelTableBytes } from './pixels.js';

/** @throws ModelFileError when the model needs more memory than allowed; then none is taken. */
export function programExecutor(
  source: Pick<ModelSource, 'graph' | 'tensors'>,
  kernels: KernelSet,
  arithmetic: Arithmetic,
  budget: MemoryBudget,
): Executor {
  const { graph } = source;
  const edges = edgesOf(graph);
  const program = assemble(source, kernels, arithmetic);
  const { bytes, edgeBytes, decodedBytes, address, stages } = program;
  const table = pixelTableBytes(graph.inputs[0].pixels);
  const memoryBytes = checkMemory(
    { edges: edgeBytes, tensors: decodedBytes, scratch: bytes - edgeBytes - decodedBytes + table },
    budget,
  );
  const machine = kernels.start(bytes);
  const { buffer } = machine;
  program.write(buffer);
  const input = edgeOf(edges, graph.inputs[0].name);

  const found = nanReport(program, buffer, kernels.threads);
  const check = (): void => {
    const nan = found();
    if (nan === undefined) return;
    const node = graph.nodes[nan.node];
    if (node.op !== 'sign' && node.op !== 'quantize') {
      throw new Error(`a NaN at ${node.op}, which takes them, was reported`);
    }
    throw nanAt(node, edgeOf(edges, node.inputs[0]), nan.index);
  };
  return {
    kernels: kernels.threads > 1 ? `${kernels.name}, ${kernels.threads} threads` : kernels.name,
    input: new Float32Array(buffer, program.input, elements(input.shape)),
    outputs: graph.outputs.map((name, i) => {
      const { type, shape } = edgeOf(edges, name);
      return type === 'f32'
        ? new Float32Array(buffer, program.outputs[i], elements(shape))
        : new Int32Array(buffer, program.outputs[i], elements(shape));
    }),
    activationBytes: edgeBytes,
    memoryBytes,
    run: () => {
      machine.run(address, 0, stages.length);
      check();
    },
    close: () => machine.close?.(),
    profile: () => {
      const times = stages.map((stage, i) => {
        const start = performance.now();
        machine.run(address, i, i + 1);
        const milliseconds = performance.now() - start;
        check();
        return { nodes: stage.map((node) => graph.nodes[node].name), milliseconds };
      });
      return times;
    },
  };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
