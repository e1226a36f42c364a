/** The command, for embedding it elsewhere: `await runCli(['summary', 'recipes/mnist.json'])`. */
export { methodPages } from './docs/method-page.js';
export type { MethodPages } from './docs/method-page.js';
export { runCli } from './program.js';
export { readRun, writeReport } from './report/report.js';
export type { Report, ReportRun } from './report/model.js';
export { networksPage } from './networks-page.js';
export { comparisonMarkdown } from './comparison/text.js';
export type { MarkdownOptions } from './comparison/text.js';
