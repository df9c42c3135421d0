import { AppError } from '../../src/errors.js';
import type { Report } from '../types.js';

/** Reads a report that an earlier run wrote. Throws USAGE for anything else. */
export function parseReport(text: string, file: string): Report {
  try {
    const report = JSON.parse(text) as Partial<Report>;
    if (report.format === 'slipway-bench/1' && Array.isArray(report.rows)) return report as Report;
  } catch {
    // said below: whatever it is, it is no report
  }
  throw new AppError('USAGE', `${file} is not a report of the benchmark. Write one: npm run bench -- --json ${file}`);
}

/** The rates at which a model's requests arrived in a report: the same are measured again, for only these compare. */
export function findRates({ rows }: Report, model: string): readonly number[] {
  const rates = rows.flatMap((row) =>
    row.model === model && row.requestsPerSecond !== null ? [row.requestsPerSecond] : [],
  );
  return [...new Set(rates)];
}
