import assert from 'node:assert/strict';

/** One broken agreement. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly use: string;
}

export function assertTidy(findings: readonly Finding[]): void {
  const lines = findings.map(({ path, line, what, use }) => `${path}:${line}: ${what}; ${use}`);
  assert.equal(findings.length, 0, `${findings.length} findings:\n${lines.join('\n')}`);
}

/** Line of an offset in a text, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}
