// @ts-check
/**
 * What a test run amounts to, for the closing line `N passed, N failed`.
 *
 * A test file that could not be loaded has no tests, yet must not count as nothing; the same holds for
 * a run that ended badly although each test passed (an unhandled rejection, a missed coverage bound),
 * and for one that left no report at all.
 *
 * @typedef {{ status: string, assertionResults: { status: string }[] }} TestFile
 *
 * @param {{ testResults: TestFile[] } | undefined} report vitest's JSON report, if it wrote one
 * @param {boolean} exitedWell did vitest end with exit code 0?
 * @param {number} failedChecks lint, format, ... that failed before
 * @returns {{ passed: number, failed: number }}
 */
export function countResults(report, exitedWell, failedChecks) {
  const files = report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failedTests = tests.filter((test) => test.status === 'failed').length;
  const brokenFiles = files.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const explained = failedTests + brokenFiles > 0;
  const unexplained = exitedWell || explained ? 0 : 1;
  return { passed, failed: failedTests + brokenFiles + unexplained + failedChecks };
}
