/** The report's style sheet: one column, system fonts, both colour schemes, printable. */
import { colorVariables } from './palette.js';

export const style = `
:root { color-scheme: light dark; --bg: #fcfcfb; --card: #fff; --text: #1c1d1f; --muted: #62656b;
  --line: #b9bcc2; --grid: #e7e8ea; --good: #007f5f; ${colorVariables('light')} }
@media (prefers-color-scheme: dark) { :root { --bg: #16171a; --card: #1e2024; --text: #e8e9ec;
  --muted: #a0a4ab; --line: #555a63; --grid: #2e3138; --good: #2fc497; ${colorVariables('dark')} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 64rem; background: var(--bg);
  color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 .4rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 3rem 0 .6rem; font-size: 1.3rem; }
h3 { margin: 0 0 .5rem; font-size: 1rem; font-weight: 600; }
p { max-width: 46rem; } .lead { font-size: 1.08rem; color: var(--muted); margin-top: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .9rem; }
.card, figure { background: var(--card); border: 1px solid var(--grid); border-radius: .6rem;
  padding: .9rem 1.1rem; margin: 0; }
.card b { display: block; font-size: 1.6rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.card span, figcaption, .empty { color: var(--muted); font-size: .88rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
figcaption { margin-top: .4rem; } figure svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; margin-bottom: 1.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th { font-weight: 600; color: var(--muted); } th:first-child, td:first-child { text-align: left; }
td.text, th.text { text-align: left; white-space: normal; overflow-wrap: anywhere; }
a { color: var(--series0); } code, pre { font: .85rem/1.5 ui-monospace, monospace; }
pre { background: var(--card); border: 1px solid var(--grid); border-radius: .6rem; padding: .9rem; overflow-x: auto; }
summary { cursor: pointer; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
`.trim();
