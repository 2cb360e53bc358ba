/**
 * Reads case files, `fixtures/cases/**\/*.cases.txt`, which a linguist can extend without reading TypeScript:
 *
 *   # a comment
 *   an input line
 *   the expected line
 *   (a blank line ends the case)
 *
 * An expected line `-` stands for the empty text. A line `! key=value key=value` before the input sets options for the
 * cases that follow in the file.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TextCase {
  readonly input: string;
  readonly expected: string;
  readonly options: ReadonlyMap<string, string>;
  /** `path:line` of the input, for failure messages. */
  readonly where: string;
}

/** The project's folder, seen from dist/test/support. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** `path` within the project. Throws an Error with file and line where a case is not two lines. */
export function readCases(path: string): TextCase[] {
  return parseCases(readFileSync(join(ROOT, path), 'utf8'), relative('.', path));
}

export function parseCases(content: string, path: string): TextCase[] {
  const cases: TextCase[] = [];
  let options = new Map<string, string>();
  let input: { text: string; line: number } | null = null;
  let closed = true;
  content.split(/\r?\n/u).forEach((text, i) => {
    const line = i + 1;
    if (text.startsWith('#')) return;
    if (text === '') {
      if (input) throw new Error(`${path}:${input.line}: the case has no expected line`);
      closed = true;
    } else if (text.startsWith('! ')) {
      options = new Map(
        text
          .slice(2)
          .split(' ')
          .map((pair) => pair.split('=') as [string, string]),
      );
    } else if (!closed) {
      throw new Error(`${path}:${line}: a case is two lines and a blank one`);
    } else if (input) {
      cases.push({
        input: input.text,
        expected: text === '-' ? '' : text,
        options,
        where: `${path}:${input.line}`,
      });
      input = null;
      closed = false;
    } else input = { text, line };
  });
  if (input) throw new Error(`${path}:${(input as { line: number }).line}: the case has no expected line`);
  return cases;
}
