/**
 * The published files of GLUE with their checksums: the SHA-256 sums that Hugging Face's `glue` and TensorFlow Datasets compare with (both
 * give the same ones).
 */
import type { TextTask } from './types.js';

/** One published file: a zip archive of a task, or a file as it is. */
export interface TextFile {
  readonly name: string;
  /** Its name at the mirrors, where that is another one. */
  readonly address?: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Folders on the web that hold it, tried in this order. */
  readonly mirrors: readonly string[];
}

export interface TextCatalogueEntry {
  readonly files: readonly TextFile[];
  readonly licence: string;
}

const glue = ['https://dl.fbaipublicfiles.com/glue/data/'];
const senteval = ['https://dl.fbaipublicfiles.com/senteval/senteval_data/'];

export const textCatalogue: Readonly<Record<TextTask, TextCatalogueEntry>> = {
  cola: {
    files: [
      {
        name: 'CoLA.zip',
        bytes: 376_971,
        sha256: 'f212fcd832b8f7b435fb991f101abf89f96b933ab400603bf198960dfc32cbff',
        mirrors: glue,
      },
    ],
    licence: 'none stated',
  },
  sst2: {
    files: [
      {
        name: 'SST-2.zip',
        bytes: 7_439_277,
        sha256: 'd67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa',
        mirrors: glue,
      },
    ],
    licence: 'none stated',
  },
  mrpc: {
    files: [
      {
        name: 'mrpc_dev_ids.tsv',
        bytes: 6222,
        sha256: '971d7767d81b997fd9060ade0ec23c4fc31cbb226a55d1bd4a1bac474eb81dc7',
        mirrors: glue,
      },
      {
        name: 'msr_paraphrase_train.txt',
        bytes: 1_047_044,
        sha256: '60a9b09084528f0673eedee2b69cb941920f0b8cd0eeccefc464a98768457f89',
        mirrors: senteval,
      },
      {
        name: 'msr_paraphrase_test.txt',
        bytes: 441_275,
        sha256: 'a04e271090879aaba6423d65b94950c089298587d9c084bf9cd7439bd785f784',
        mirrors: senteval,
      },
    ],
    licence: 'Microsoft Shared Source, non-commercial only',
  },
  stsb: {
    files: [
      {
        name: 'STS-B.zip',
        bytes: 802_872,
        sha256: 'e60a6393de5a8b5b9bac5020a1554b54e3691f9d600b775bd131e613ac179c85',
        mirrors: glue,
      },
    ],
    licence: 'scores CC BY-SA 4.0, each source of texts its own',
  },
  qqp: {
    files: [
      {
        name: 'QQP-clean.zip',
        bytes: 41_696_084,
        sha256: '40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0',
        mirrors: glue,
      },
    ],
    licence: "Quora's terms, non-commercial",
  },
  mnli: {
    files: [
      {
        name: 'MNLI.zip',
        bytes: 312_783_507,
        sha256: 'e7c1d896d26ed6caf700110645df426cc2d8ebf02a5ab743d5a5c68ac1c83633',
        mirrors: glue,
      },
    ],
    licence: 'several; see Williams et al. 2018, section 2.1',
  },
  qnli: {
    files: [
      {
        name: 'QNLIv2.zip',
        bytes: 10_627_589,
        sha256: 'e634e78627a29adaecd4f955359b22bf5e70f2cbd93b493f2d624138a0c0e5f5',
        mirrors: glue,
      },
    ],
    licence: 'CC BY-SA 4.0 (SQuAD)',
  },
  rte: {
    files: [
      {
        name: 'RTE.zip',
        bytes: 697_150,
        sha256: '6bf86de103ecd335f3441bd43574d23fef87ecc695977a63b82d5efb206556ee',
        mirrors: glue,
      },
    ],
    licence: 'none stated',
  },
  wnli: {
    files: [
      {
        name: 'WNLI.zip',
        bytes: 28_999,
        sha256: 'ae0e8e4d16f4d46d4a0a566ec7ecceccfd3fbfaa4a7a4b4e02848c0f2561ac46',
        mirrors: glue,
      },
    ],
    licence: 'none stated',
  },
};
