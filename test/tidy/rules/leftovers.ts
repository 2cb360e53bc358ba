/** What must not stay in a file: debugging, places that only one machine has, hosts that a mirror would replace. */

import type { Finding } from './finding.ts';
import type { SourceText } from './imports.ts';

interface Leftover {
  readonly pattern: RegExp;
  readonly what: string;
  readonly use: string;
  /** Files that it is looked for in. */
  readonly where: RegExp;
}

/** Written in parts, so that this file does not find itself. */
const REGISTRY_HOSTS = [
  ['registry', 'npmjs'],
  ['pypi', 'org'],
  ['files', 'pythonhosted'],
  ['registry', 'yarnpkg'],
].map((parts) => parts.join('\\.'));
const MACHINE_PATHS = ['work', 'tmp/w', 'tmp/peer', 'home/\\w+', 'Users/\\w+', 'root'].map((path) => `/${path}/`);

const EVERYWHERE = /./;
const CODE = /\.(ts|mjs)$/;

const LEFTOVERS: readonly Leftover[] = [
  {
    pattern: new RegExp(REGISTRY_HOSTS.join('|')),
    what: 'names the host of a package registry',
    use: 'leave it to the user’s own configuration',
    where: EVERYWHERE,
  },
  {
    // Not after a letter, a dot or another slash: those are parts of longer paths and of links.
    pattern: new RegExp(`(?<![\\w.~:/-])(?:${MACHINE_PATHS.join('|')})`),
    what: 'names a path of one machine',
    use: 'take it from an option or the environment',
    where: EVERYWHERE,
  },
  {
    pattern: /\bconsole\.(log|debug|error|warn|info|trace)\(|\bprocess\.std(out|err)\b/,
    what: 'prints',
    use: 'return a value or an event; only the command line prints',
    where: /^(models|fusion|services\/(app|output|transport|recognizer|combiner))\/.*\.ts$/,
  },
  { pattern: /\bdebugger\b/, what: 'stops in the debugger', use: 'delete it', where: CODE },
  { pattern: /\b(test|it|describe)\.only\(/, what: 'runs one test alone', use: 'delete .only', where: /\.test\.ts$/ },
  { pattern: /\b(TODO|FIXME|XXX|TEMPORARY)\b/, what: 'is unfinished', use: 'finish it, or file an issue', where: CODE },
  { pattern: /:\s*any\b|\bas any\b|<any>/, what: 'uses any', use: 'name the type, or unknown', where: /\.ts$/ },
  {
    pattern: /@ts-(ignore|nocheck|expect-error)|biome-ignore (?!format:)/,
    what: 'silences a check',
    use: 'repair what it found',
    where: CODE,
  },
];

export function leftoverFindings({ path, text }: SourceText): Finding[] {
  const rules = LEFTOVERS.filter(({ where }) => where.test(path));
  return text
    .split('\n')
    .flatMap((line, i) =>
      rules
        .filter(({ pattern }) => pattern.test(line))
        .map(({ what, use }): Finding => ({ path, line: i + 1, what, use })),
    );
}
