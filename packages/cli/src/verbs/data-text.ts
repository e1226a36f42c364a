/** The part of `surge-bnn data` that is about texts: listed and looked over. */
import type {
  CheckedTexts,
  describeSentenceEncoder,
  describeVocabulary,
  TextDescription,
} from '@surge-bnn/data';
import { bytes, count } from '../terminal/format.js';
import { formatTable } from '../terminal/table.js';

type PretrainedDescription = ReturnType<typeof describeVocabulary | typeof describeSentenceEncoder>;

/** GLUE's tasks in a table, then what networks for them begin with. */
export function formatTexts(
  tasks: readonly TextDescription[],
  pretrained: readonly PretrainedDescription[],
): string {
  const table = formatTable<TextDescription>(
    [
      { title: 'name', value: (t) => t.name, align: 'left' },
      { title: 'what', value: (t) => t.title, align: 'left' },
      {
        title: 'splits',
        value: (t) =>
          Object.entries(t.splits)
            .map(([split, n]) => `${split} ${count(n)}`)
            .join(', '),
        align: 'left',
      },
      { title: 'text', value: (t) => (t.pairs ? 'pairs' : 'sentences'), align: 'left' },
      {
        title: 'labels',
        value: (t) => (t.classes.length === 0 ? '0 to 5' : `${t.classes.length} classes`),
        align: 'left',
      },
      { title: 'download', value: (t) => bytes(t.bytes) },
      { title: 'here', value: (t) => (t.present ? 'yes' : 'no') },
      { title: 'licence', value: (t) => t.licence, align: 'left' },
    ],
    tasks,
  );
  const advice = [...tasks, ...pretrained]
    .filter((one) => !one.present)
    .map((one) => `  ${one.name}: ${one.how}`);
  return [
    'texts, of GLUE:',
    table,
    ...pretrained.map(
      (one) =>
        `${one.name}: ${one.title} (${bytes(one.bytes)}, ${one.licence}), ${one.present ? 'here' : 'not here'}`,
    ),
    ...(advice.length > 0 ? ['', 'to get what is not here:', ...advice] : []),
  ].join('\n');
}

/** What was found, file by file, then what is wrong. */
export function formatCheckedTexts({ files, problems }: CheckedTexts): string {
  const lines = files.flatMap((one) => {
    const what = one.pairs ? 'pairs' : 'sentences';
    const labels =
      one.mean === undefined && one.classes.length === 0
        ? 'without labels'
        : one.mean === undefined
          ? one.classes.map(({ name, count: n }) => `${name} ${count(n)}`).join(', ')
          : `scores, ${one.mean.toFixed(3)} on average`;
    return [
      `${one.task} ${one.split}: ${count(one.count)} ${what}; ${labels}; the longest has ${count(one.longest)} characters`,
      ...one.remarks.map((remark) => `  ${remark}`),
    ];
  });
  return ['texts of GLUE', ...lines, ...problems].join('\n');
}
