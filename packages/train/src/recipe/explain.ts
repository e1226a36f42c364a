/**
 * Turns zod's findings about a recipe into one sentence a person can act on: which key, where, what is
 * allowed, and for a misspelt name the nearest right one.
 */
import { nearest } from '@surge-bnn/contract';
import { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * One sentence about the first finding.
 *
 * @param input what was parsed.
 * @param where the file or source of it.
 */
export function explain(
  issues: readonly Issue[],
  schema: z.ZodType,
  input: unknown,
  where: string,
) {
  return `${where}: ${sentence(telling(issues), schema, input)}`;
}

/** A misspelt key comes before the key that is therefore missing. */
function telling(issues: readonly Issue[]): Issue {
  return issues.find((issue) => issue.code === 'unrecognized_keys') ?? issues[0];
}

function sentence(issue: Issue, root: z.ZodType, input: unknown): string {
  const at = describePath(issue.path);
  const value = valueAt(input, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = keysAt(root, issue.path, input);
      const place = issue.path.length === 0 ? '' : ` in ${at}`;
      return `unknown key "${issue.keys[0]}"${place}${hint(issue.keys[0], allowed)}; allowed: ${allowed.join(', ')}`;
    }
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        const names = discriminators(resolve(root, issue.path.slice(0, -1)), issue);
        return wrongName(at, value, names);
      }
      const inner = likeliest(issue.errors, value);
      if (inner !== undefined) {
        return sentence({ ...inner, path: [...issue.path, ...inner.path] }, root, input);
      }
      return `${at} must be ${allowedValues(issue.errors)}, got ${show(value)}`;
    }
    case 'invalid_value': {
      return wrongName(at, value, issue.values.map(String));
    }
    case 'invalid_type':
      return value === undefined
        ? `${at} is missing; give ${article(issue.expected)}`
        : `${at} must be ${article(issue.expected)}, got ${show(value)}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? `${at} must not be empty`
        : `${at} must be ${issue.inclusive === false ? '>' : '>='} ${issue.minimum}, got ${show(value)}`;
    case 'too_big':
      return `${at} must be ${issue.inclusive === false ? '<' : '<='} ${issue.maximum}, got ${show(value)}`;
    case 'custom':
      return `${at}: ${issue.message}`;
    default:
      return `${at}: ${issue.message}, got ${show(value)}`;
  }
}

/** Of a union's branches the one that the writer had in mind: the one whose complaints lie inside. */
function likeliest(errors: readonly (readonly Issue[])[], value: unknown): Issue | undefined {
  if (typeof value === 'string')
    return errors.flat().find((issue) => issue.code === 'invalid_value');
  const inside = errors.filter(
    ([first]) => first.path.length > 0 || first.code === 'unrecognized_keys',
  );
  // { fixed: -1 } against { movingAverage: 0.5 }: the branch in which the given keys are known.
  const known = inside.find((found) => telling(found).code !== 'unrecognized_keys');
  const branch = known ?? inside[0];
  return branch === undefined ? undefined : telling(branch);
}

function allowedValues(errors: readonly (readonly Issue[])[]): string {
  const parts = errors.flatMap(([first]) => {
    if (first.code === 'invalid_value') return first.values.map((v) => show(v));
    if (first.code === 'invalid_type') return [article(first.expected)];
    return [];
  });
  return parts.join(' or ');
}

function wrongName(at: string, value: unknown, allowed: readonly string[]): string {
  const near = typeof value === 'string' ? hint(value, allowed) : '';
  const what = value === undefined ? 'is missing' : `cannot be ${show(value)}${near}`;
  return `${at} ${what}; allowed: ${allowed.join(', ')}`;
}

function hint(given: string, allowed: readonly string[]): string {
  const near = nearest(given, allowed);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

/** The schemas that may stand at a path, wrappers taken off and unions spread out. */
function resolve(root: z.ZodType, path: Path): z.ZodType[] {
  let here = spread(root);
  for (const key of path) {
    here = here.flatMap((schema) => {
      if (schema instanceof z.ZodArray) return spread(schema.element);
      return schema instanceof z.ZodObject ? spread(schema.shape[String(key)]) : [];
    });
  }
  return here;
}

/** In a union told apart by name or type only the branch that the value names. */
function discriminatorFits(schema: z.ZodObject, value: unknown): boolean {
  return ['name', 'type', 'form'].every((key) => {
    const literal: unknown = schema.shape[key];
    const given = valueAt(value, [key]);
    if (!(literal instanceof z.ZodLiteral) || given === undefined) return true;
    return [...literal.values].includes(given as string);
  });
}

function spread(schema: unknown): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return spread(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return spread(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(spread);
  return schema instanceof z.ZodType ? [schema] : [];
}

function keysAt(root: z.ZodType, path: Path, input: unknown): string[] {
  const value = valueAt(input, path);
  const keys = resolve(root, path).flatMap((schema) =>
    schema instanceof z.ZodObject && discriminatorFits(schema, value)
      ? Object.keys(schema.shape)
      : [],
  );
  return [...new Set(keys)];
}

function discriminators(schemas: readonly z.ZodType[], issue: Issue): string[] {
  const key = String(issue.path.at(-1));
  return schemas.flatMap((schema) => {
    if (!(schema instanceof z.ZodObject)) return [];
    const literal: unknown = schema.shape[key];
    return literal instanceof z.ZodLiteral ? [...literal.values].map(String) : [];
  });
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

function describePath(path: Path): string {
  return path.length === 0 ? 'the recipe' : path.map(String).join('.');
}

function article(expected: string): string {
  const word: Record<string, string> = {
    int: 'whole number',
    boolean: 'true or false',
    record: 'object',
  };
  const name = word[expected] ?? expected;
  if (expected === 'boolean') return name;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
