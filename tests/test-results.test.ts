import { describe, expect, it } from 'vitest';
import { countResults } from '../scripts/test-results.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe('countResults', () => {
  it('counts tests', () => {
    const report = { testResults: [file('passed', 'passed', 'passed', 'skipped')] };
    expect(countResults(report, true, 0)).toEqual({ passed: 2, failed: 0 });
  });

  it('counts failed tests once, although their file and the run failed too', () => {
    const report = { testResults: [file('failed', 'passed', 'failed', 'failed')] };
    expect(countResults(report, false, 0)).toEqual({ passed: 1, failed: 2 });
  });

  it('counts a file that did not load', () => {
    const report = { testResults: [file('failed'), file('passed', 'passed')] };
    expect(countResults(report, false, 0)).toEqual({ passed: 1, failed: 1 });
  });

  it('counts a bad end without a failed test, a missing report and failed checks', () => {
    const report = { testResults: [file('passed', 'passed')] };
    expect(countResults(report, false, 0)).toEqual({ passed: 1, failed: 1 });
    expect(countResults(undefined, false, 0)).toEqual({ passed: 0, failed: 1 });
    expect(countResults(report, true, 2)).toEqual({ passed: 1, failed: 2 });
  });
});
