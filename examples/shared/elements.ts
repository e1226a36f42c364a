/** The page's elements by id and kind. */

/** @throws Error when index.html has no such element. */
export function find<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${kind.name} "${id}"`);
}

/** @throws Error when index.html has no such element. */
export function setText(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

/** A new element with a class and a text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  text = '',
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}

/** A row of a table: texts, and numbers, which stand on the right. */
export function row(...cells: readonly (string | { readonly number: string })[]): HTMLElement {
  const line = make('tr');
  line.append(
    ...cells.map((cell) =>
      typeof cell === 'string' ? make('td', '', cell) : make('td', 'number', cell.number),
    ),
  );
  return line;
}
