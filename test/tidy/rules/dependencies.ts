/** Licences and engines of everything that npm installs. */

import type { Finding } from './finding.ts';

export interface LockedPackage {
  readonly license?: string;
  readonly engines?: { readonly node?: string };
  readonly dev?: boolean;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

const FREE = new Set([
  'MIT',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  '0BSD',
  'CC0-1.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'Zlib',
  'Python-2.0',
]);
/** Allowed once somebody has written down why: docs/licences.md names the package. */
const DECIDED = /^(LGPL-(2\.1|3\.0)-(only|or-later)|LGPL-(2\.1|3\.0)|MPL-2\.0)$/;

type Judgement = 'free' | 'decide' | 'no';

/** SPDX expressions of one level: `OR` lets us choose, `AND` binds us to all. */
export function judgeLicence(expression: string): Judgement {
  const rank: readonly Judgement[] = ['free', 'decide', 'no'];
  const one = (id: string): Judgement => (FREE.has(id) ? 'free' : DECIDED.test(id) ? 'decide' : 'no');
  const bare = expression.replace(/^\(|\)$/g, '');
  const choices = bare.split(/\s+OR\s+/).map((choice) => {
    const ranks = choice.split(/\s+AND\s+/).map((id) => rank.indexOf(one(id.trim())));
    return Math.max(...ranks);
  });
  return rank[Math.min(...choices)]!;
}

/** `decided`: packages that docs/licences.md names. */
export function licenceFindings(packages: LockedPackages, decided: ReadonlySet<string>): Finding[] {
  return Object.entries(packages).flatMap(([path, { license }]): Finding[] => {
    if (path === '') return [];
    const name = packageName(path);
    const at = { path: 'package-lock.json', line: 1 };
    if (license === undefined) return [{ ...at, what: `${name} states no licence`, use: 'use another package' }];
    const judgement = judgeLicence(license);
    if (judgement === 'no') return [{ ...at, what: `${name} is under ${license}`, use: 'use another package' }];
    // A family of binaries for many platforms is decided once: `@img/sharp-libvips-*`.
    const isDecided =
      decided.has(name) || [...decided].some((one) => one.endsWith('*') && name.startsWith(one.slice(0, -1)));
    if (judgement === 'decide' && !isDecided) {
      return [
        { ...at, what: `${name} is under ${license}`, use: 'write a decision in docs/licences.md, or do without' },
      ];
    }
    return [];
  });
}

export function engineFindings(packages: LockedPackages, node: string): Finding[] {
  return Object.entries(packages).flatMap(([path, { engines }]): Finding[] => {
    const range = engines?.node;
    if (path === '' || range === undefined || satisfies(node, range)) return [];
    const what = `${packageName(path)} wants Node ${range}`;
    return [{ path: 'package-lock.json', line: 1, what, use: `pick a version that runs on ${node}` }];
  });
}

function packageName(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

type Version = readonly [number, number, number];

/** The ranges that packages write: `>=18`, `^20.9.0`, `~4.1`, `18 || >=20`, `>=14 <25`, `*`, `10.x`. */
export function satisfies(version: string, range: string): boolean {
  const wanted = parseVersion(version).numbers;
  return range.split('||').some((alternative) => {
    const parts = alternative
      .trim()
      .replace(/([<>=^~])\s+/g, '$1')
      .split(/\s+/);
    return parts.every((part) => part === '' || part === '*' || part === 'x' || meets(wanted, part));
  });
}

function meets(version: Version, comparator: string): boolean {
  const match = /^(>=|<=|>|<|=|\^|~)?v?(.+)$/.exec(comparator)!;
  const { numbers: bound, given } = parseVersion(match[2]!);
  const order = compare(version, bound);
  switch (match[1]) {
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '<':
      return order < 0;
    case '^':
      return order >= 0 && version[0] === bound[0];
    case '~':
      return order >= 0 && version[0] === bound[0] && (given < 2 || version[1] === bound[1]);
    default:
      return version.slice(0, given).every((number, i) => number === bound[i]);
  }
}

/** `given`: how many numbers the text names; the others count as 0. */
function parseVersion(text: string): { numbers: Version; given: number } {
  const parts = text.split('.').filter((part) => part !== 'x' && part !== '*');
  const number = (i: number) => Number.parseInt(parts[i] ?? '0', 10) || 0;
  return { numbers: [number(0), number(1), number(2)], given: Math.min(3, parts.length) };
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
