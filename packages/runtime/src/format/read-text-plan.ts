/** A text model's plan from its JSON, read strictly. */
import { ModelFileError } from '../model-file-error.js';
import type { TextOutput, TextPlan, TextTensors } from '../text/plan.js';
import { asRecord, asString, asStrings, quote } from './json.js';
import type { Json } from './model-source.js';
import { PlanReader } from './plan-reader.js';

/** Most pieces of a text: attention looks at each from each. */
export const mostTextPieces = 2 ** 13;

const required = ['vocabulary', 'words', 'places', 'types'] as const;
const optional = ['kept', 'wordScales', 'placeScales', 'typeScales'] as const;

/** @throws ModelFileError naming the key, its value and what is allowed. */
export function readTextPlan(given: Json): TextPlan {
  const keys = ['output', 'pairs', 'lowerCase', 'maxLength', 'tensors'];
  const plan = new PlanReader(given, 'the text model', keys);
  return {
    output: readOutput(plan.value('output')),
    pairs: plan.flag('pairs'),
    lowerCase: plan.flag('lowerCase'),
    // [CLS], [SEP] and of a pair another [SEP].
    maxLength: plan.integer('maxLength', 3, mostTextPieces),
    tensors: readTensors(plan.value('tensors')),
  };
}

function readOutput(given: Json): TextOutput {
  const where = "the text model's output";
  const keys = asRecord(given, where, [], ['classes', 'least', 'most']);
  if ('classes' in keys) {
    asRecord(given, where, ['classes']);
    return { classes: asStrings(keys.classes, `${where}, classes,`) };
  }
  const range = new PlanReader(given, where, ['least', 'most']);
  const least = range.number('least', -Infinity);
  const most = range.number('most', -Infinity);
  if (least < most) return { least, most };
  throw new ModelFileError(
    `${where}: least is ${quote(least)} and most ${quote(most)}; allowed: a least below the most`,
  );
}

function readTensors(given: Json): TextTensors {
  const where = "the text model's tensors";
  const record = asRecord(given, where, required, optional);
  const name = (role: string) => asString(record[role], `${where}, ${role},`);
  const [vocabulary, words, places, types] = required.map(name);
  const rest = optional.filter((role) => Object.hasOwn(record, role));
  return {
    vocabulary,
    words,
    places,
    types,
    ...Object.fromEntries(rest.map((role) => [role, name(role)])),
  };
}
