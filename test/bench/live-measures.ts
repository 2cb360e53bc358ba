/** What the events of one live clip say: how soon, how stable, how right. */
import type { LiveEvent, LiveFinal } from '../../models/core/live.ts';
import { type EditCounts, unitsOf } from '../../services/eval/error-rate.ts';
import { DEFAULT_NORMALIZER, textNormalizer } from '../../services/eval/normalizer/text-normalizer.ts';
import { scoreText, usualUnit } from '../../services/eval/score.ts';

/** An event with the time at which it came, in seconds of the stream's clock: the first sample came at 0. */
export interface TimedEvent {
  readonly atS: number;
  readonly event: LiveEvent;
}

/** Padding that the turn detector keeps: the span of an utterance is that much wider than its speech. */
const PREFIX_S = 0.3;
const SUFFIX_S = 0.25;
/** People do say "no, no" and "very, very good": what is repeated and longer is a fault. */
const STAMMER_UNITS = 3;

export interface ClipMeasures {
  /** Per utterance, seconds. */
  readonly firstPartialS: readonly number[];
  readonly recognizedS: readonly number[];
  readonly fusedS: readonly number[];
  /** Per word: from its end to the moment when it was committed (or its recognized final came). */
  readonly commitS: readonly number[];
  /** Words committed by partials, of all. */
  readonly committedEarly: number;
  readonly words: number;
  /** Committed characters that a later event of the utterance did not repeat: must be 0. */
  readonly revised: number;
  /** Units of text that were shown as pending and taken back. */
  readonly erased: number;
  /** Partials against the nearest beginning of the utterance's fused final. */
  readonly partialErrors: number;
  readonly partialUnits: number;
  readonly recognized: EditCounts;
  readonly fused: EditCounts;
  readonly text: string;
  readonly degraded: number;
  readonly lagMsMax: number;
  /** Utterances that begin before the one before has ended: must be 0. */
  readonly overlapping: number;
  /** Units of the longest stretch that was said twice in a row in all fused finals, where the reference has none so long. */
  readonly saidTwice: number;
}

export function measure(events: readonly TimedEvent[], language: string, reference: string): ClipMeasures {
  const normalize = textNormalizer(language, DEFAULT_NORMALIZER);
  const kind = usualUnit(language);
  const units = (text: string) => unitsOf(normalize(text), kind);
  const out = {
    firstPartialS: [] as number[],
    recognizedS: [] as number[],
    fusedS: [] as number[],
    commitS: [] as number[],
    committedEarly: 0,
    words: 0,
    revised: 0,
    erased: 0,
    partialErrors: 0,
    partialUnits: 0,
    degraded: 0,
    lagMsMax: 0,
  };
  const texts = { recognized: [] as string[], fused: [] as string[] };
  for (const utterance of new Set(events.flatMap(({ event }) => ('utterance' in event ? [event.utterance] : [])))) {
    const own = events.filter(({ event }) => 'utterance' in event && event.utterance === utterance);
    const finals = own.filter((one): one is TimedEvent & { event: LiveFinal } => one.event.kind === 'final');
    const [recognized, fused] = finals;
    const start = own.find(({ event }) => event.kind === 'speech-start')?.event;
    const end = own.find(({ event }) => event.kind === 'speech-end')?.event;
    if (!recognized || !fused || start?.kind !== 'speech-start' || end?.kind !== 'speech-end') {
      throw new Error(`utterance ${utterance} has no whole life`);
    }
    texts.recognized.push(recognized.event.text);
    texts.fused.push(fused.event.text);
    if (fused.event.degraded) out.degraded++;
    const speechEndS = end.endS - SUFFIX_S;
    out.recognizedS.push(recognized.atS - speechEndS);
    out.fusedS.push(fused.atS - speechEndS);
    const spans = recognized.event.result.segments.flatMap((segment) => segment.words ?? []);
    /** Word k is committed once so many characters of the text are. */
    const ends: number[] = [];
    let chars = 0;
    for (const { word } of spans) {
      chars += chars === 0 ? word.trimStart().length : word.length;
      ends.push(chars);
    }
    let [settled, committed, shown, first] = [0, '', [] as string[], true];
    for (const { atS, event } of own) {
      if (event.kind !== 'partial' && event.kind !== 'final') continue;
      if (!(event.kind === 'partial' ? event.committed : event.text).startsWith(committed)) out.revised++;
      if (event.kind === 'partial') ({ committed } = event);
      const seen = units(event.kind === 'partial' ? event.committed + event.pending : event.text);
      let same = 0;
      while (same < shown.length && same < seen.length && shown[same] === seen[same]) same++;
      out.erased += shown.length - same;
      shown = seen;
      if (event.kind === 'partial') {
        if (first && seen.length > 0) {
          out.firstPartialS.push(atS - start.startS - Math.min(PREFIX_S, start.startS));
          first = false;
        }
        out.partialErrors += prefixErrors(seen, units(fused.event.text));
        out.partialUnits += seen.length;
      }
      if (event.kind === 'final' && event.stage === 'fused') continue;
      const upTo = event.kind === 'final' ? spans.length : ends.filter((last) => last <= committed.length).length;
      for (; settled < upTo; settled++) {
        out.commitS.push(atS - spans[settled]!.end);
        if (event.kind === 'partial') out.committedEarly++;
      }
    }
    out.words += spans.length;
  }
  for (const { event } of events) if (event.kind === 'lag') out.lagMsMax = Math.max(out.lagMsMax, event.lagMs);
  const join = (parts: readonly string[]) => parts.join(kind === 'word' ? ' ' : '');
  const saidTwice = longestRepeat(units(join(texts.fused)));
  return {
    ...out,
    overlapping: overlapping(events.map(({ event }) => event)),
    saidTwice: saidTwice > Math.max(STAMMER_UNITS, longestRepeat(units(reference))) ? saidTwice : 0,
    recognized: scoreText(language, reference, join(texts.recognized)).counts,
    fused: scoreText(language, reference, join(texts.fused)).counts,
    text: join(texts.fused),
  };
}

/** Utterances that begin before the end of one that began earlier: audio that is in two finals. */
export function overlapping(events: readonly LiveEvent[]): number {
  const ends = new Map(events.flatMap((event) => (event.kind === 'speech-end' ? [[event.utterance, event.endS]] : [])));
  let [count, reachedS] = [0, 0];
  for (const event of events) {
    if (event.kind !== 'speech-start') continue;
    if (event.startS < reachedS) count++;
    reachedS = Math.max(reachedS, ends.get(event.utterance) ?? event.startS);
  }
  return count;
}

/** Units of the longest stretch that stands twice in a row; 0 where there is none. */
export function longestRepeat(units: readonly string[]): number {
  for (let length = Math.floor(units.length / 2); length > 0; length--) {
    let same = 0;
    for (let i = 0; i + length < units.length; i++) {
      same = units[i] === units[i + length] ? same + 1 : 0;
      if (same === length) return length;
    }
  }
  return 0;
}

/** Fewest edits from `seen` to any beginning of `whole`. */
export function prefixErrors(seen: readonly string[], whole: readonly string[]): number {
  let row = whole.map((_, j) => j + 1);
  row.unshift(0);
  for (let i = 1; i <= seen.length; i++) {
    const next = [i];
    for (let j = 1; j <= whole.length; j++) {
      const replaced = row[j - 1]! + (seen[i - 1] === whole[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return Math.min(...row);
}
