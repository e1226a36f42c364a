/** Whether a text model makes sense: its plan, its vocabulary, its tables, its graph, and all of them together; asked of a stranger's file and of what is to be written. */
import { resizedGraph } from '../execute/resized-graph.js';
import type { Edge, Graph } from '../graph.js';
import { ModelFileError } from '../model-file-error.js';
import { textRoles, textTables } from '../text/plan.js';
import type { TextPlan } from '../text/plan.js';
import { checkLowerCase, checkVocabulary, specialPieces } from '../text/vocabulary.js';
import { checkName, checkParts } from './check-graph.js';
import { checkValues } from './check-values.js';
import { parseJson, quote, writeJson } from './json.js';
import type { TextSource } from './model-source.js';
import { mostClasses } from './read-plan.js';
import { readTextPlan } from './read-text-plan.js';
import { bitBytes } from './tensors.js';
import type { Dtype, StoredTensor } from './tensors.js';
import { readVocabulary, rowsOf } from './vocabulary.js';

/** @throws ModelFileError saying what is wrong, where, and what is allowed. */
export function checkText(source: TextSource): void {
  const { body, tensors } = source;
  // A plan that was not read is held to the same.
  const plan = readTextPlan(parseJson(writeJson(source.plan, 'the text model'), 'the text model'));
  checkOutput(plan);
  const own = new Set<string>();
  for (const role of textRoles) {
    const name = plan.tensors[role];
    if (name === undefined) continue;
    checkName(name, 'tensor');
    tensorOf(tensors, role, name);
    own.add(name);
  }
  checkParts([body], new Map([...tensors].filter(([name]) => !own.has(name))));
  checkBody(body, plan);
  const rows = checkPieces(plan, tensors);
  checkTables(plan, tensors, rows, body.inputs[0].shape[1]);
  checkValues([body], tensors);
}

/** How many logits the body makes. */
export function outputsOf({ output }: Pick<TextPlan, 'output'>): number {
  return 'classes' in output ? output.classes.length : 1;
}

/** Fewest pieces that a text or pair has. */
export function fewestPieces({ pairs }: Pick<TextPlan, 'pairs'>): number {
  return pairs ? 3 : 2;
}

function checkOutput({ output }: TextPlan): void {
  if (!('classes' in output)) return;
  const { classes } = output;
  if (classes.length < 1 || classes.length > mostClasses) {
    throw new ModelFileError(
      `the text model has ${classes.length} classes; allowed: 1 to ${mostClasses}`,
    );
  }
  for (const name of classes) checkName(name, 'class');
}

function checkBody(body: Graph, plan: TextPlan): void {
  if (body.classes !== undefined) {
    throw new ModelFileError('the graph of a text model names classes; its plan does');
  }
  const { outputs } = body;
  if (outputs.length !== 1) {
    throw new ModelFileError(`the body has ${outputs.length} outputs; allowed: one`);
  }
  const [{ name, shape, pixels }] = body.inputs;
  if (shape.length !== 2 || shape[0] !== plan.maxLength || pixels !== undefined) {
    throw new ModelFileError(
      `the body's input ${quote(name)} is ${quote(shape)}${pixels === undefined ? '' : ' with pixels'}; allowed: [${plan.maxLength}, width] without pixels, as the plan's maxLength says`,
    );
  }
  const flat = body.nodes.find(({ op }) => op === 'reshape');
  if (flat !== undefined) {
    throw new ModelFileError(
      `node ${quote(flat.name)} is a reshape, which wants texts of one length; a text model's body has none`,
    );
  }
  checkTextOutput(body, plan);
  const shortest = fewestPieces(plan);
  checkTextOutput(resizedGraph(body, [shortest, shape[1]]), plan);
}

/** Asked for every length of texts. @throws ModelFileError where the body makes something else than the plan's logits. */
export function checkTextOutput({ inputs, nodes, outputs }: Graph, plan: TextPlan): void {
  const edge = edgeOf(nodes, outputs[0]);
  const wanted = outputsOf(plan);
  if (edge.shape.length === 1 && edge.shape[0] === wanted) return;
  const what = 'classes' in plan.output ? `its ${wanted} classes` : 'its score';
  throw new ModelFileError(
    `the body makes ${quote(edge.shape)} of ${quote(inputs[0].shape)}; allowed: [${wanted}], for ${what}`,
  );
}

function edgeOf(nodes: Graph['nodes'], name: string): Edge {
  const edge = nodes.find((node) => node.name === name)?.output;
  if (edge === undefined) throw new Error(`an output "${name}" that is no node was not refused`);
  return edge;
}

/** @returns how many pieces have a row. */
function checkPieces(plan: TextPlan, tensors: TextSource['tensors']): number {
  const vocabulary = tensorOf(tensors, 'vocabulary', plan.tensors.vocabulary);
  checkShape('vocabulary', vocabulary, ['U8'], [vocabulary.shape[0]]);
  const pieces = readVocabulary(vocabulary);
  checkVocabulary(pieces, 'the vocabulary');
  if (plan.lowerCase) checkLowerCase(pieces, 'the vocabulary');
  const name = plan.tensors.kept;
  if (name === undefined) return pieces.length;
  const kept = tensorOf(tensors, 'kept', name);
  checkShape('kept', kept, ['U8'], [bitBytes(pieces.length)]);
  const rows = rowsOf(pieces.length, kept);
  for (const piece of [specialPieces.unknown, specialPieces.start, specialPieces.separator]) {
    if (rows[pieces.indexOf(piece)] >= 0) continue;
    throw new ModelFileError(
      `the text model's kept leaves out ${piece}; allowed: any pieces but those that every text may need`,
    );
  }
  return rows.reduce((count, row) => (row < 0 ? count : count + 1), 0);
}

function checkTables(
  plan: TextPlan,
  tensors: TextSource['tensors'],
  words: number,
  width: number,
): void {
  const rows = { words, places: plan.maxLength, types: plan.pairs ? 2 : 1 };
  for (const [role, scaleRole] of textTables) {
    const table = tensorOf(tensors, role, plan.tensors[role]);
    checkShape(role, table, ['F32', 'F16', 'I8'], [rows[role], width]);
    const scale = plan.tensors[scaleRole];
    if ((table.dtype === 'I8') !== (scale !== undefined)) {
      const what = scale === undefined ? `no ${scaleRole}` : `the unknown role "${scaleRole}"`;
      throw new ModelFileError(
        `the text model has ${what}; its ${role} are ${table.dtype}, and tables of I8 alone have scales`,
      );
    }
    if (scale === undefined) continue;
    checkShape(scaleRole, tensorOf(tensors, scaleRole, scale), ['F32'], [rows[role]]);
  }
}

function tensorOf(tensors: TextSource['tensors'], role: string, name: string): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor !== undefined) return tensor;
  throw new ModelFileError(
    `the text model: its ${role} ${quote(name)} is not among the file's tensors`,
  );
}

function checkShape(
  role: string,
  { dtype, shape }: StoredTensor,
  types: readonly Dtype[],
  wanted: readonly number[],
): void {
  if (types.includes(dtype) && JSON.stringify(shape) === JSON.stringify(wanted)) return;
  throw new ModelFileError(
    `the text model: its ${role} is ${dtype} ${quote(shape)}; allowed: ${types.join(', ')} ${quote(wanted)}`,
  );
}
