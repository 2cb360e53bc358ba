/** A comparison for the terminal: metrics, then the items that changed most, with their words. */
import { padToWidth, textWidth } from '../../../output/text-width.ts';
import { formatDifference, formatInterval, formatMetric, type Verdict, verdict } from '../metric-format.ts';
import { TASK_NAMES } from '../page/run-facts.ts';
import { textDiff } from '../page/text-diff.ts';
import type { ComparedItem, ComparisonReport, SystemPair } from './compare-results.ts';

/** Items of each direction on the terminal; the page shows all that were read. */
const LISTED_DEFAULT = 5;
/** Characters of unchanged text around a change. */
const CONTEXT_CHARS = 12;
/** Characters of one reading on the terminal: three lines. */
const READING_CHARS_MAX = 240;

const VERDICTS: Readonly<Record<Verdict, string>> = { better: 'better', worse: 'worse', unclear: 'not clear' };

/** Plain text without a newline at its end. `listed`: items of each direction. */
export function comparisonText(report: ComparisonReport, options: { listed?: number } = {}): string {
  const listed = options.listed ?? LISTED_DEFAULT;
  const lines = [
    `${TASK_NAMES[report.a.task]}: A is ${shown(report.folderA)}, B is ${shown(report.folderB)}`,
    ...report.warnings.map((warning) => `! ${shown(warning)}`),
    '',
    ...table(
      ['system', 'metric', 'A', 'B', 'B - A', '95% interval', 'B is', 'items'],
      report.metrics.map(({ metric, items, estimate, ...pair }) => [
        shown(pairName(pair)),
        metric,
        formatMetric(metric, estimate.rateA),
        formatMetric(metric, estimate.rateB),
        formatDifference(metric, estimate.difference),
        formatInterval(metric, estimate.differenceInterval.low, estimate.differenceInterval.high),
        VERDICTS[verdict(metric, estimate.differenceInterval)],
        String(items),
      ]),
    ),
    '',
    ...table(
      ['system', 'better', 'worse', 'same', 'other reference', 'only in A', 'only in B'],
      report.counts.map(({ better, worse, same, otherReference, onlyA, onlyB, ...pair }) => [
        shown(pairName(pair)),
        ...[better, worse, same, otherReference, onlyA, onlyB].map(String),
      ]),
    ),
    ...onlyLine('Systems only in A', report.systemsOnlyA),
    ...onlyLine('Systems only in B', report.systemsOnlyB),
    ...onlyLine('Items only in A', report.namedOnlyA, total(report, 'onlyA')),
    ...onlyLine('Items only in B', report.namedOnlyB, total(report, 'onlyB')),
    ...itemLines('Got worse', report.worse.slice(0, listed)),
    ...itemLines('Got better', report.better.slice(0, listed)),
  ];
  return lines.join('\n');
}

export function pairName({ a, b }: SystemPair): string {
  return a === b ? a : `${a} -> ${b}`;
}

function total(report: ComparisonReport, key: 'onlyA' | 'onlyB'): number {
  return report.counts.reduce((sum, counts) => sum + counts[key], 0);
}

function onlyLine(title: string, names: readonly string[], count = names.length): string[] {
  if (names.length === 0) return [];
  const more = count > names.length ? `, ... (${count} in all)` : '';
  return [`${title}: ${names.map(shown).join(', ')}${more}`];
}

function itemLines(title: string, items: readonly ComparedItem[]): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap(({ itemA, itemB, change, ...pair }) => {
    const size = Math.abs(change);
    return [
      `  ${shown(itemA.id)} (${shown(pairName(pair))}): ${size} ${size === 1 ? 'error' : 'errors'} ${change < 0 ? 'fewer' : 'more'}`,
      `    A: ${marked(itemA.reference, itemA.hypothesis)}`,
      `    B: ${marked(itemB.reference, itemB.hypothesis)}`,
    ];
  });
  return ['', `${title}, [reference > reading]:`, ...lines];
}

/** `the [cat > hat] sat`: changes in brackets, long unchanged text shortened. */
function marked(reference: string, hypothesis: string): string {
  if (hypothesis === '') return '(empty)';
  const { parts } = textDiff(reference, hypothesis);
  if (!parts.some(({ kind }) => kind === 'changed')) return '(no error)';
  const text = parts
    .map((part, i) => {
      if (part.kind === 'folded') return ' ... ';
      if (part.kind === 'changed') return `[${part.removed || '-'} > ${part.added || '-'}]`;
      return shortened(part.text, i === 0, i === parts.length - 1);
    })
    .join('');
  const clean = shown(text).trim();
  return clean.length <= READING_CHARS_MAX ? clean : `${clean.slice(0, READING_CHARS_MAX)} ...`;
}

function shortened(text: string, first: boolean, last: boolean): string {
  const characters = [...text];
  if (characters.length <= 2 * CONTEXT_CHARS + 5) return text;
  const head = first ? '' : characters.slice(0, CONTEXT_CHARS).join('');
  const tail = last ? '' : characters.slice(-CONTEXT_CHARS).join('');
  return `${head}...${tail}`;
}

/** Data on a terminal: one line, without controls, which could move the cursor or turn the text around. */
function shown(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\ufffd');
}

/** First column to the left, the others to the right; widths in terminal columns. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((name, i) => Math.max(...[name, ...rows.map((row) => row[i]!)].map(textWidth)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const width = widths[i]!;
        return i < 2 && head[1] === 'metric'
          ? padToWidth(cell, width)
          : i === 0
            ? padToWidth(cell, width)
            : padLeft(cell, width);
      })
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line);
}

function padLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text))) + text;
}
