import { describe, expect, it } from 'vitest';
import { sampleReport, sampleRun, sampleShipped } from '../report/sample.fixture.js';
import { formatReport } from './tables.js';

describe('formatReport', () => {
  const report = sampleReport(3);
  const text = formatReport({
    ...report,
    proofs: [{ label: 'STE', accuracy: 0.975, shuffledAccuracy: 0.112 }],
  });

  it('prints every epoch, run and layer', () => {
    expect(text).toMatch(/^ +3 +74\.44 % +0\.7667 +77\.78 % +0\.6667$/m);
    expect(text).toMatch(/^STE +binary1 +– +– +20\.0 % +3\.33 % +0\/32$/m);
    expect(text).toMatch(/^SURGE "a" +binary2 +0\.01667 +0\.400 +25\.0 % +3\.33 % +1\/32$/m);
    expect(text).toContain(
      'accuracy 97.50 %, with the binary weights of each layer shuffled 11.20 %',
    );
  });

  it('draws both curves on one scale', () => {
    const pictures = text.split('\n').filter((line) => /[▁▂▃▄▅▆▇█]{3}/.test(line));
    expect(pictures).toHaveLength(2);
    expect(text).toContain('from 30.00 % (▁) to 77.78 % (█)');
  });

  it('prints what the network became, its sizes and its proof', () => {
    const shipped = formatReport({ ...report, shipped: sampleShipped() });
    expect(shipped).toMatch(
      /^a<b> +BinaryDense +a<b>\/sign +sign to bits +f32 +bits 9 +a "remark"\n +a<b> +xor-popcount dense +1w\/1a +bits +i32 16 +32$/m,
    );
    expect(shipped).toContain('4,128 B');
    expect(shipped).toContain('1,032 B (1.03 kB): header 1,000 B, payload 32 B');
    expect(shipped).toContain('4.0 times smaller; the payload alone 129.0 times');
    expect(shipped).toContain('80 of 80 predictions equal, the outputs of 80 bit for bit');
  });

  it('survives runs of unequal length and without evaluation', () => {
    const [first] = report.runs;
    const bare = sampleRun('bare', 'surge', 0, []);
    const uneven = {
      ...report,
      runs: [first, { ...bare, summary: { ...bare.summary, last: undefined, best: undefined } }],
    };
    expect(formatReport(uneven)).not.toMatch(/NaN|undefined|Infinity/);
    expect(formatReport({ ...report, runs: [] })).not.toMatch(/NaN|undefined|Infinity/);
  });
});
