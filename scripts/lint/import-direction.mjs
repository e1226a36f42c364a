// @ts-check
import path from 'node:path';
import { ENTRIES, ROOMS, SCOPE } from './rooms.mjs';

/**
 * The import-direction rule: a package imports only what its row in rooms.mjs names, and only by the
 * package's name (`@surge-bnn/core`) or that of one of its entries (`@surge-bnn/train/browser`), never a file inside it. Tests beside the code obey the same row;
 * rooms outside packages/ (tests, benchmarks, examples, scripts) may import every package by name.
 *
 * @typedef {import('eslint').Rule.RuleContext} RuleContext
 * @typedef {import('eslint').Rule.Node} RuleNode
 *
 * @type {import('eslint').Rule.RuleModule}
 */
export const importDirection = {
  meta: {
    type: 'problem',
    docs: { description: 'imports between packages point downwards' },
    schema: [],
    messages: {
      noRow:
        'package "{{room}}" has no row in scripts/lint/rooms.mjs: say there what it may import',
      upward: 'packages/{{room}} may not import {{target}}; allowed: {{allowed}}',
      unknown: '"{{target}}" is not a package of this workspace (see scripts/lint/rooms.mjs)',
      deep: 'import the package "{{target}}" by its name, not a file inside it ("{{source}}")',
    },
  },
  create(context) {
    const here = path.relative(context.cwd, context.filename).split(path.sep);
    const room = here[0] === 'packages' && here.length > 2 ? here[1] : undefined;
    const known = room === undefined || Object.hasOwn(ROOMS, room);

    /** @param {RuleNode} node @param {unknown} source */
    function check(node, source) {
      if (typeof source !== 'string' || !known) return;
      const target = importedPackage(source, context.filename, context.cwd);
      if (target === undefined || (target.name === room && !source.startsWith(SCOPE))) return;
      const data = {
        room: room ?? '',
        target: SCOPE + target.name,
        source,
        allowed: allowedIn(room),
      };
      if (!Object.hasOwn(ROOMS, target.name)) {
        context.report({ node, messageId: 'unknown', data });
      } else if (room !== undefined && !ROOMS[room].includes(target.name)) {
        context.report({ node, messageId: 'upward', data });
      } else if (target.deep) {
        context.report({ node, messageId: 'deep', data });
      }
    }

    return {
      Program(node) {
        if (!known) {
          context.report({
            loc: { line: 1, column: 0 },
            messageId: 'noRow',
            data: { room: room ?? '' },
          });
        }
        return node;
      },
      ImportDeclaration: (node) => check(node, node.source.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ImportExpression: (node) => check(node, literal(node.source)),
      /** `import('x').T` in a type. @param {RuleNode} node */
      TSImportType: (node) => check(node, literal(Reflect.get(node, 'source'))),
    };
  },
};

/** @param {string | undefined} room */
function allowedIn(room) {
  const row = room === undefined ? Object.keys(ROOMS) : ROOMS[room];
  return row.length === 0 ? 'no other package' : row.map((name) => SCOPE + name).join(', ');
}

/** @param {unknown} node */
function literal(node) {
  return typeof node === 'object' && node !== null ? Reflect.get(node, 'value') : undefined;
}

/**
 * The package of this workspace that an import specifier reaches: by name, or by a relative path that
 * ends inside packages/; undefined for everything else.
 *
 * @param {string} source
 * @param {string} filename
 * @param {string} cwd
 * @returns {{ name: string, deep: boolean } | undefined}
 */
function importedPackage(source, filename, cwd) {
  if (source.startsWith(SCOPE)) {
    const [name, ...rest] = source.slice(SCOPE.length).split('/');
    const isEntry = Object.hasOwn(ENTRIES, name) && ENTRIES[name].includes(rest.join('/'));
    return { name, deep: rest.length > 0 && !isEntry };
  }
  if (!source.startsWith('.')) return undefined;
  const target = path.relative(cwd, path.resolve(path.dirname(filename), source)).split(path.sep);
  return target[0] === 'packages' && target.length > 1
    ? { name: target[1], deep: true }
    : undefined;
}
