/**
 * HTML as a value: `html` escapes everything that is put into it except what is HTML already, so that a
 * recipe's name cannot break the page.
 */

/** Text that is known to be HTML. */
export class Html {
  constructor(readonly text: string) {}
}

export type Content = string | number | Html | undefined | readonly Content[];

export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const parts = strings.map((text, i) => (i === 0 ? text : render(values[i - 1]) + text));
  return new Html(parts.join(''));
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeHtml(String(content));
}

/** A number that stands out, with what it is. */
export function card(value: string, label: string): Html {
  return html`<div class="card"><b>${value}</b><span>${label}</span></div>`;
}

/**
 * A table that scrolls sideways where the page is narrow. Numbers stand to the right, the first column to the left.
 *
 * @param words indices of further columns of words.
 */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Content[])[],
  words: readonly number[] = [],
): Html {
  const kind = (column: number): string => (words.includes(column) ? 'text' : 'number');
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${heads.map((head, i) => html`<th class="${kind(i)}">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, i) => html`<td class="${kind(i)}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
