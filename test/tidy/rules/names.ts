/** How files and folders are called. */

import type { Finding } from './finding.ts';

const DRAWERS = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'shared', 'stuff', 'lib', 'tools']);
/** Where a generated file says that it is one. */
const GENERATED_HEAD_CHARS = 1000;
const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|cases))?\.(?:ts|mjs|txt|py|json)$/;

/** A function lives with its noun, or the noun gets a file: names say what is inside. */
export function nameFindings(path: string): Finding[] {
  const parts = path.split('/');
  const name = parts.at(-1)!;
  const findings: Finding[] = [];
  for (const part of parts) {
    const bare = part.replace(/\..*$/, '');
    if (DRAWERS.has(bare)) {
      findings.push({
        path,
        line: 1,
        what: `"${bare}" is a drawer`,
        use: 'name the file or folder after what is in it',
      });
    }
  }
  if (/\.(ts|mjs)$/.test(name) && !KEBAB.test(name)) {
    findings.push({ path, line: 1, what: `"${name}" is not kebab-case`, use: 'write words-with-dashes.ts' });
  }
  return findings;
}

/** Long files are several ideas, mostly. Files that a program wrote say so at their head and are left alone. */
export function lengthFindings({ path, text }: { path: string; text: string }, linesMax: number): Finding[] {
  const lines = text.split('\n').length - 1;
  if (/^ \* Written by .*do not edit\.$/m.test(text.slice(0, GENERATED_HEAD_CHARS))) return [];
  if (lines <= linesMax) return [];
  return [{ path, line: linesMax + 1, what: `has ${lines} lines`, use: `split it: at most ${linesMax}` }];
}
