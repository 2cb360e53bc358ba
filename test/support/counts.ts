/** Counts of a test run, read from the summary lines that Node's reporters end with. */

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export const NO_COUNTS: Readonly<Counts> = { passed: 0, failed: 0, skipped: 0 };

const FIELDS: Readonly<Record<string, keyof Counts>> = {
  pass: 'passed',
  fail: 'failed',
  cancelled: 'failed',
  skipped: 'skipped',
  todo: 'skipped',
};

const OTHERS = new Set(['tests', 'suites', 'duration_ms']);

/** Adds a summary line to `counts`; false where the line is not one. The spec reporter writes `ℹ pass 12`. */
export function parseCount(line: string, counts: Counts): boolean {
  const match = /^(?:\u2139|#) (\w+) ([\d.]+)$/u.exec(line);
  if (!match) return false;
  const field = FIELDS[match[1]!];
  if (field) counts[field] += Number(match[2]);
  return field !== undefined || OTHERS.has(match[1]!);
}

/** The form that .ci/run sums: `12 passed, 0 failed`, and skipped ones where there are any. */
export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
