/** ONNX: for every other runtime. */
import type { ExportFormat } from './format.js';

export const onnx: ExportFormat = {
  name: 'onnx',
  description: 'as ONNX with plain ops: runs everywhere, at the speed of a float network',
  help: `--onnx: a standard ONNX file with plain ops (opset 17, float32, batch axis free). Signs are the floats +1 and -1, a byte
each in the file; the speed of bits and their size stay with the *.bnn file. Input and output have the names and shapes
of the model file (pictures NHWC). The input is numbers: what bytes of a picture become before is in the file's metadata under
"pixels", and the names of the classes under "classes". Integer sums are equal; sums of floats are equal up to
rounding, so a sign of a float within a rounding error of 0 can differ. Of the run folder of a network for texts it writes the
network with inputs and output as Hugging Face's have them, batch and length free; the tokenizer is in the metadata under "tokenizer".`,
  example: 'surge-bnn export runs/demo/surge/model.bnn --onnx digits.onnx',
  async write({ source }) {
    const { exportOnnx } = await import('@surge-bnn/converter');
    return exportOnnx(source);
  },
  next: (_, { model: { inputShape, pixels } }) => {
    const input = `input: float32 [N, ${inputShape.join(', ')}]`;
    if (pixels === undefined) return [input];
    const { mean, std } = pixels;
    return [`${input}; a byte becomes (byte / 255 - ${mean.join(', ')}) / ${std.join(', ')}`];
  },
  ofTextRun: {
    async write(run) {
      const { textRunOnnx } = await import('./text-run.js');
      return textRunOnnx(run);
    },
    next: (_, { network: { head } }) => [
      'inputs: input_ids, token_type_ids, attention_mask, int64 [batch_size, sequence_length]',
      `output: logits, ${head.kind === 'masked' ? 'of every piece over the vocabulary' : '[batch_size, labels]'}`,
    ],
  },
};
