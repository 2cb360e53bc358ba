/** The error registry and its documentation, each held to the other. */

import type { Finding } from './finding.ts';

export interface DocumentedError {
  readonly code: string;
  readonly line: number;
  readonly status: number;
  readonly exit: number;
  readonly retry: boolean;
  readonly text: string;
}

/** Rows of the form | `code` | 400 | 2 | no | What it means. | */
export function documentedErrors(markdown: string): DocumentedError[] {
  return markdown.split('\n').flatMap((line, i): DocumentedError[] => {
    const match = /^\|\s*`(\w+)`\s*\|\s*(\d+)\s*\|\s*(\d+)\s*\|\s*(yes|no)\s*\|\s*(.*?)\s*\|$/.exec(line);
    if (!match) return [];
    const [, code, status, exit, retry, text] = match;
    return [
      { code: code!, line: i + 1, status: Number(status), exit: Number(exit), retry: retry === 'yes', text: text! },
    ];
  });
}

type Registry = Readonly<Record<string, { readonly status: number; readonly exit: number; readonly retry: boolean }>>;

export function errorPageFindings(path: string, markdown: string, registry: Registry): Finding[] {
  const pages = documentedErrors(markdown);
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const page of pages) {
    const { code, line } = page;
    const kind = registry[code];
    if (seen.has(code)) findings.push({ path, line, what: `${code} stands here twice`, use: 'delete one' });
    seen.add(code);
    if (!kind) {
      findings.push({ path, line, what: `${code} is not in the registry`, use: 'delete the row, or add the code' });
    } else if (kind.status !== page.status || kind.exit !== page.exit || kind.retry !== page.retry) {
      const is = `${kind.status} | ${kind.exit} | ${kind.retry ? 'yes' : 'no'}`;
      findings.push({ path, line, what: `${code} differs from the registry`, use: `write ${is}` });
    }
    if (page.text === '') findings.push({ path, line, what: `${code} says nothing`, use: 'say when it happens' });
  }
  for (const code of Object.keys(registry)) {
    if (!seen.has(code)) findings.push({ path, line: 1, what: `${code} is missing`, use: 'add a row for it' });
  }
  return findings;
}
