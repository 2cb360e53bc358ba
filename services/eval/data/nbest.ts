/**
 * N-best lists in the form of Hypotheses-Paradise (Chen et al. 2023, arXiv 2309.15701): a JSON array, or JSON lines, of
 * `{"input": [best, second, ...], "output": reference}`. Known besides: `hypotheses` or `nbest` for `input`, entries that
 * are `[score, text]` or objects, a parallel list `scores`. Scores are natural log-probabilities.
 */
import type { EvalItem } from '../results.ts';
import { type Draft, type ReadContext, uniqueIds } from './draft.ts';
import { malformed } from './malformed.ts';
import { type DataRecord, readRecords } from './record.ts';
import type { DataFile } from './text-lines.ts';

export const HYPOTHESES = ['hypotheses', 'nbest', 'n_best', 'hyps'] as const;
const SCORES = ['logprob', 'log_prob', 'logProb', 'score'] as const;

type Hypotheses = NonNullable<EvalItem['hypotheses']>;

export function readNbest(file: DataFile, container: 'lines' | 'array', context: ReadContext): AsyncIterable<Draft> {
  const drafts = nbestDrafts(file, container);
  return context.checkIds ? uniqueIds(drafts, file.name) : drafts;
}

async function* nbestDrafts(file: DataFile, container: 'lines' | 'array'): AsyncGenerator<Draft> {
  for await (const row of readRecords(file, container)) {
    const hypotheses = readHypotheses(row, 'input');
    if (!hypotheses) throw malformed(row.where, missingList(row));
    const reference = row.text('output', 'reference', 'ref', 'text', 'transcript');
    yield {
      id: row.id('id', 'utt_id', 'utt', 'key') ?? String(row.place),
      where: row.where,
      number: row.number,
      language: row.text('lang', 'language'),
      set: row.text('set'),
      speaker: row.text('speaker'),
      durationS: row.seconds('duration_s', 'duration'),
      hypotheses,
      references: reference === undefined ? undefined : [reference],
      entities: readEntityNames(row),
    };
  }
}

/** Entities beside hypotheses are plain names: entity recall is counted over them. */
function readEntityNames(row: DataRecord): string[] | undefined {
  return row.names('entities') ? row.texts('entities') : undefined;
}

function missingList(row: DataRecord): string {
  if (row.names('input1')) {
    return '"input1" and "input2" are texts joined for a prompt; give the list of hypotheses as "input"';
  }
  return 'the list of hypotheses is missing: "input" or "hypotheses"';
}

/** The hypotheses of a record, best first; undefined where it has none. `more`: further names of the field. */
export function readHypotheses(row: DataRecord, ...more: readonly string[]): Hypotheses | undefined {
  const entries = row.list(...HYPOTHESES, ...more);
  if (!entries) return undefined;
  if (entries.length === 0) throw malformed(row.where, 'the list of hypotheses is empty');
  const scores = row.list('scores', 'logprobs', 'log_probs');
  if (scores && scores.length !== entries.length) {
    throw malformed(row.where, `${scores.length} scores for ${entries.length} hypotheses`);
  }
  return entries.map((entry, i) => {
    const { text, score } = readEntry(entry, row);
    const logProb = logProbOf(score ?? scores?.[i], row);
    return logProb === undefined ? { text } : { text, logProb };
  });
}

function readEntry(entry: unknown, row: DataRecord): { readonly text: string; readonly score?: unknown } {
  if (typeof entry === 'string') return { text: entry };
  if (Array.isArray(entry) && entry.length === 2) {
    const [a, b] = entry as [unknown, unknown];
    if (typeof a === 'string') return { text: a, score: b };
    if (typeof b === 'string') return { text: b, score: a };
  } else if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) {
    const fields = row.inner(entry);
    const text = fields.text('text', 'hypothesis', 'hyp', 'transcript', 'sentence');
    if (text !== undefined) return { text, score: fields.first(...SCORES)?.value };
  }
  throw malformed(row.where, 'a hypothesis is neither a string, nor [score, text], nor an object with "text"');
}

function logProbOf(score: unknown, row: DataRecord): number | undefined {
  if (score === undefined || score === null) return undefined;
  if (typeof score !== 'number' || !(score <= 0)) {
    throw malformed(row.where, `the score ${JSON.stringify(score)} is no log-probability, which is at most 0`);
  }
  return score;
}
