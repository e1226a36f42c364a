/** From a graph to a program: stages, places for all edges and tensors, and the records. Nothing is computed and no memory taken. */
import { planBuffers } from '../execute/plan.js';
import { edgeOf, edgesOf } from '../execute/describe.js';
import type { ModelSource } from '../format/model-source.js';
import type { Edge, Graph, GraphNode, NodeOf, OpName } from '../graph.js';
import { attentionScratch, isAttention } from './attention-nodes.js';
import { Block } from './block.js';
import type { KernelSet } from './kernel-set.js';
import { NodeScope } from './node-scope.js';
import { gatheredBytes, recordsOf } from './nodes.js';
import { barrierBytes, programWords, statusBytes, writeProgram } from './records.js';
import type { Operand, Stage } from './records.js';
import { hasOwnRows, rowBytes, rowsOf, stageRows, stagesOf } from './stages.js';
import type { StageNodes } from './stages.js';

/** 'exact': what docs/format.md says, bit for bit. 'fast': float convolutions and dense layers sum in float32. */
export type Arithmetic = 'exact' | 'fast';

export interface Program {
  /** All memory that it needs. */
  readonly bytes: number;
  /** Of these, for edges, and for decoded tensors; the rest is scratch and the program itself. */
  readonly edgeBytes: number;
  readonly decodedBytes: number;
  readonly address: number;
  /** Where threads tell of a NaN: nan-report.ts. */
  readonly status: number;
  readonly stages: readonly StageNodes[];
  /** The edge's numbers, in bytes from the beginning of the block. */
  readonly input: number;
  readonly outputs: readonly number[];
  /** Writes tensors and program. @param buffer of `bytes`, all 0. */
  write(buffer: ArrayBufferLike): void;
}

/** Of a strip's rows: they and what is gathered for them are to stay in the cache. */
const stripBytes = 64 * 1024;

export function assemble(
  { graph, tensors }: Pick<ModelSource, 'graph' | 'tensors'>,
  kernels: KernelSet,
  arithmetic: Arithmetic,
): Program {
  const edges = edgesOf(graph);
  const stages = stagesOf(graph);
  const local = localEdges(graph, stages);
  const plan = planBuffers(graph, { stages, without: local });
  const block = new Block();
  const status = block.take(statusBytes * kernels.threads);
  const barrier = block.take(barrierBytes);
  const base = block.take(plan.bytes);

  const inputsOf = (node: GraphNode) => node.inputs.map((name) => edgeOf(edges, name));
  const gathered = (node: GraphNode): number =>
    gatheredBytes(node, inputsOf(node), kernels, arithmetic);
  const strips = stages.map((stage) => stripRows(stage, graph, edges, gathered, kernels.threads));
  const most = Math.max(
    0,
    ...graph.nodes.map((node) => (isAttention(node) ? attentionScratch(node, inputsOf(node)) : 0)),
    ...stages.map(
      (stage, i) => strips[i] * Math.max(...stage.map((n) => gathered(graph.nodes[n]))),
    ),
  );
  const scratch = copies(block, most, kernels.threads);

  const operands = new Map<string, Operand>();
  for (const [name, { from }] of plan.places) {
    operands.set(name, planned(edgeOf(edges, name), base + 4 * from));
  }
  let localBytes = 0;
  const program: Stage[] = stages.map((stage, i) => {
    for (const index of stage) {
      const { name, output } = graph.nodes[index];
      if (!local.has(name)) continue;
      const bytes = strips[i] * rowBytes(output);
      operands.set(name, copies(block, bytes, kernels.threads));
      localBytes += bytes * kernels.threads;
    }
    const records = stage.flatMap((index) => {
      const node = graph.nodes[index];
      const scope = new NodeScope(index, node, edges, operands, tensors, block, scratch);
      return recordsFor(node, scope, kernels, arithmetic);
    });
    const rows = stageRows(graph.nodes[stage[0]]);
    return { rows, stripRows: strips[i], records };
  });
  const address = block.take(4 * programWords(program));
  return {
    bytes: block.bytes,
    edgeBytes: plan.bytes + localBytes,
    decodedBytes: block.decodedBytes,
    address,
    status,
    stages,
    input: addressOf(operands, graph.inputs[0].name),
    outputs: graph.outputs.map((name) => addressOf(operands, name)),
    write: (buffer) => {
      block.fill(buffer);
      writeProgram(program, { status, barrier }, buffer, address);
    },
  };
}

/** Edges that nobody reads outside the stage in which they are made. */
function localEdges({ nodes, outputs }: Graph, stages: readonly StageNodes[]): Set<string> {
  const stageOf = new Map(stages.flatMap((stage, i) => stage.map((node) => [node, i] as const)));
  const local = new Set(nodes.map(({ name }) => name));
  for (const name of outputs) local.delete(name);
  const makers = new Map(nodes.map(({ name }, index) => [name, stageOf.get(index)]));
  nodes.forEach(({ inputs }, index) => {
    for (const name of inputs) if (makers.get(name) !== stageOf.get(index)) local.delete(name);
  });
  return local;
}

/** How many rows go through a stage together: as many as the cache holds with all that is read and made of them. */
function stripRows(
  stage: StageNodes,
  { nodes }: Graph,
  edges: ReadonlyMap<string, Edge>,
  gathered: (node: GraphNode) => number,
  threads: number,
): number {
  const { rows } = rowsOf(nodes[stage[0]].output);
  if (hasOwnRows(nodes[stage[0]])) return 1;
  if (isAttention(nodes[stage[0]])) return Math.ceil(rows / threads);
  const seen = new Set<string>();
  let bytes = 0;
  for (const index of stage) {
    bytes += gathered(nodes[index]);
    seen.add(nodes[index].name);
    // What the first node looks at through a window is not read row by row.
    if (index !== stage[0]) for (const name of nodes[index].inputs) seen.add(name);
  }
  for (const name of seen) {
    bytes += rowBytes(edgeOf(edges, name));
  }
  return Math.max(1, Math.min(Math.ceil(rows / threads), Math.floor(stripBytes / bytes)));
}

/** The same place for each thread. */
function copies(block: Block, bytes: number, threads: number): Operand {
  const threadBytes = Math.ceil((bytes + 64) / 64) * 64;
  return { address: block.take(threadBytes * threads), rowBytes: 0, threadBytes };
}

function planned(edge: Edge, address: number): Operand {
  return { address, rowBytes: rowBytes(edge), threadBytes: 0 };
}

function addressOf(operands: ReadonlyMap<string, Operand>, name: string): number {
  const operand = operands.get(name);
  if (operand === undefined) throw new Error(`edge "${name}" has no place`);
  return operand.address;
}

/** The op of a union of nodes and the table's entry for it go together, which TypeScript sees only by name. */
function recordsFor<Op extends OpName>(
  node: NodeOf<Op>,
  scope: NodeScope,
  kernels: KernelSet,
  arithmetic: Arithmetic,
): number[][] {
  return recordsOf[node.op](node, scope, kernels, arithmetic);
}
