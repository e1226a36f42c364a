/** Ops of texts: a packed text is a graph for one length, and ONNX has networks for texts of any, which are exported before they are packed. */
import { InputError } from '@surge-bnn/contract';
import type { OpName } from '@surge-bnn/runtime';
import type { OnnxCall } from './rule.js';

/** @throws InputError naming the node. */
export function ofTexts<Op extends OpName>({ node }: Pick<OnnxCall<Op>, 'node'>): never {
  throw new InputError(
    `node "${node.name}" (${node.op}) is of a packed text model, which is not exported to ONNX`,
  );
}
