/** How files and folders are called. */

import type { Finding } from './finding.ts';

const DRAWERS = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'shared', 'stuff', 'lib', 'tools']);
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|cases))?\.(?:ts|mjs|txt|py|json)$/;

/** A function lives with its noun, or the noun gets a file: names say what is inside. */
export function nameFindings(path: string): Finding[] {
  const parts = path.split('/');
  const name = parts.at(-1)!;
  const findings: Finding[] = [];
  for (const part of parts) {
    const bare = part.replace(/\..*$/, '');
    if (DRAWERS.has(bare)) {
      findings.push({ path, line: 1, what: `"${bare}" is a drawer`, use: 'name the file or folder after what is in it' });
    }
  }
  if (/\.(ts|mjs)$/.test(name) && !KEBAB.test(name)) {
    findings.push({ path, line: 1, what: `"${name}" is not kebab-case`, use: 'write words-with-dashes.ts' });
  }
  return findings;
}

/** Long files are several ideas, mostly. */
export function lengthFindings({ path, text }: { path: string; text: string }, linesMax: number): Finding[] {
  const lines = text.split('\n').length - 1;
  if (lines <= linesMax) return [];
  return [{ path, line: linesMax + 1, what: `has ${lines} lines`, use: `split it: at most ${linesMax}` }];
}
