/** The plain kernels of src/kernels, node by node: slow, and what all others are compared with. */
import type { ModelSource } from '../format/model-source.js';
import type { Edge, NodeOf, OpName } from '../graph.js';
import { asFloats, asNumbers, edgeBuffer } from '../ops/buffers.js';
import { ModelMemory, NodeMemory } from '../ops/memory.js';
import type { Later } from '../ops/memory.js';
import type { EdgeBuffer, Step } from '../ops/op.js';
import { opTable } from '../ops/table.js';
import { edgeOf, edgesOf } from './describe.js';
import { checkMemory } from './executor.js';
import type { Executor, MemoryBudget } from './executor.js';
import { pixelTableBytes } from './pixels.js';
import { planBuffers } from './plan.js';
import type { Plan } from './plan.js';

/** One node: its computation on its planned buffers. */
interface Call {
  readonly name: string;
  readonly step: Step;
  readonly inputs: readonly EdgeBuffer[];
  readonly output: EdgeBuffer;
}

/** @throws ModelFileError when the model needs more memory than allowed; then none is taken. */
export function referenceExecutor(
  source: Pick<ModelSource, 'graph' | 'tensors'>,
  budget: MemoryBudget,
): Executor {
  const { graph } = source;
  const plan = planBuffers(graph);
  const edges = edgesOf(graph);
  const memory = new ModelMemory();
  const steps = graph.nodes.map((node) => prepareNode(node, edges, source, memory));
  const memoryBytes = checkMemory(
    {
      edges: plan.bytes,
      tensors: memory.decodedBytes,
      scratch: memory.scratchBytes + pixelTableBytes(graph.inputs[0].pixels),
    },
    budget,
  );
  const buffers = buffersOf(plan, edges);
  const calls: readonly Call[] = graph.nodes.map(({ name, inputs }, index) => ({
    name,
    step: steps[index](),
    inputs: inputs.map((input) => bufferOf(buffers, input)),
    output: bufferOf(buffers, name),
  }));
  return {
    kernels: 'reference',
    input: asFloats(bufferOf(buffers, graph.inputs[0].name)),
    outputs: graph.outputs.map((name) => asNumbers(bufferOf(buffers, name))),
    activationBytes: plan.bytes,
    memoryBytes,
    run: () => {
      for (const { step, inputs, output } of calls) step(inputs, output);
    },
    close: () => undefined,
    profile: () =>
      calls.map(({ name, step, inputs, output }) => {
        const start = performance.now();
        step(inputs, output);
        return { nodes: [name], milliseconds: performance.now() - start };
      }),
  };
}

/** One block of memory, and every edge's part of it. */
function buffersOf(
  { places, bytes }: Plan,
  edges: ReadonlyMap<string, Edge>,
): ReadonlyMap<string, EdgeBuffer> {
  const block = new ArrayBuffer(bytes);
  const buffers = new Map<string, EdgeBuffer>();
  for (const [name, { from, words }] of places) {
    buffers.set(name, edgeBuffer(edgeOf(edges, name), block, 4 * from, words));
  }
  return buffers;
}

function bufferOf(buffers: ReadonlyMap<string, EdgeBuffer>, name: string): EdgeBuffer {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new Error(`no buffer was planned for edge "${name}"`);
  return buffer;
}

function prepareNode<Op extends OpName>(
  node: NodeOf<Op>,
  edges: ReadonlyMap<string, Edge>,
  { tensors }: Pick<ModelSource, 'tensors'>,
  memory: ModelMemory,
): Later<Step> {
  const inputs = node.inputs.map((name) => edgeOf(edges, name));
  const roles = Object.entries(node.tensors).flatMap(([role, name]) => {
    const tensor = tensors.get(name);
    return tensor === undefined ? [] : [[role, tensor] as const];
  });
  return opTable[node.op].prepare(node, inputs, new NodeMemory(memory, Object.fromEntries(roles)));
}
