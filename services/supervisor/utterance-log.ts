import { LIVE_COMMITTED_CHARS_MAX, LIVE_COMMITTED_MAX, SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { CommittedText } from '../../models/core/live.ts';
import { ReplayedUtterances } from '../../models/core/replayed-utterances.ts';
import type { Segment, UnitResult, Word } from '../../models/core/transcript.ts';
import { continuedText } from './continued-text.ts';
import type { LiveEvent, LiveFinal, LivePartial } from './live-contract.ts';

/** What the caller was told of one utterance. */
interface Told {
  readonly utterance: number;
  readonly startS: number;
  endS: number | undefined;
  committed: string;
  pending: string;
  heardS: number;
  revisions: number;
  recognized: LiveFinal | undefined;
}

/**
 * What the caller of a live stream has been told, held against what a replay says: events that it knows are left out,
 * utterances keep their numbers, and committed text only grows.
 */
export class UtteranceLog {
  /** Begun and not done, in order. */
  #open: Told[] = [];
  #utterances = 0;
  /** End of the last utterance that is done, in seconds. */
  #doneS = 0;
  /** Of the listener that runs: its numbers of utterances, and the time at which it began. */
  #told = new Map<number, Told>();
  #replayed = new ReplayedUtterances<Told>([]);
  #offsetS = 0;
  #degraded = false;

  /** From where a replay has to begin: nothing before it is needed any more. Undefined while nobody speaks. */
  get neededS(): number | undefined {
    return this.#open[0]?.startS;
  }

  get doneS(): number {
    return this.#doneS;
  }

  /** End of the last utterance whose end was told. */
  get endedS(): number {
    return Math.max(this.#doneS, ...this.#open.map(({ endS }) => endS ?? 0));
  }

  /**
   * A listener begins with the audio at `offsetS`. Returns what it is to know of the utterances that are open, in its time.
   * What is too long to be told is left to the alignment of `continuedText`.
   */
  restart(offsetS: number, degraded: boolean): readonly CommittedText[] {
    this.#told.clear();
    this.#replayed = new ReplayedUtterances(this.#open);
    this.#offsetS = offsetS;
    this.#degraded = degraded;
    const since = (seconds: number) => Math.max(0, onGrid(seconds - offsetS));
    return this.#open.slice(0, LIVE_COMMITTED_MAX).map(({ startS, endS, heardS, committed }) => ({
      startS: since(startS),
      ...(endS === undefined ? {} : { endS: since(endS) }),
      heardS: since(heardS),
      text: committed.length > LIVE_COMMITTED_CHARS_MAX ? '' : committed,
    }));
  }

  /** What the caller is to hear of an event of the listener that runs. */
  take(event: LiveEvent): LiveEvent[] {
    switch (event.kind) {
      case 'speech-start':
        return this.#start(event.utterance, this.#at(event.startS));
      case 'partial':
        return this.#partial(event, this.#of(event.utterance));
      case 'speech-end': {
        const told = this.#of(event.utterance);
        if (told.endS !== undefined) return [];
        told.endS = this.#at(event.endS);
        return [{ kind: 'speech-end', utterance: told.utterance, endS: told.endS }];
      }
      case 'final':
        return this.#final(event, this.#of(event.utterance));
      case 'cleared': {
        const atS = this.#at(event.atS);
        const told = event.utterance === null ? undefined : this.#of(event.utterance);
        this.#open = this.#open.filter((other) => other !== told);
        if (this.#open.length === 0) this.#doneS = Math.max(this.#doneS, atS);
        return [{ ...event, atS, utterance: told?.utterance ?? null }];
      }
      case 'commit-empty':
        return [{ ...event, atS: this.#at(event.atS) }];
      default:
        return [event];
    }
  }

  /** The listener has ended as it should: utterances that no replay found again end with what was told of them. */
  finish(): LiveEvent[] {
    return this.#open.splice(0).flatMap((told) => this.#giveUp(told));
  }

  /** A time of the listener that runs, as the caller counts. */
  #at(seconds: number): number {
    return onGrid(seconds + this.#offsetS);
  }

  #of(utterance: number): Told {
    const told = this.#told.get(utterance);
    if (told === undefined) throw new Error(`utterance ${utterance} has not begun`);
    return told;
  }

  #start(utterance: number, startS: number): LiveEvent[] {
    const known = this.#replayed.take(startS);
    if (known !== undefined) {
      this.#told.set(utterance, known);
      return [];
    }
    const told: Told = {
      utterance: this.#utterances++,
      startS,
      endS: undefined,
      committed: '',
      pending: '',
      heardS: 0,
      revisions: 0,
      recognized: undefined,
    };
    this.#open.push(told);
    this.#told.set(utterance, told);
    return [{ kind: 'speech-start', utterance: told.utterance, startS }];
  }

  #partial(partial: LivePartial, told: Told): LiveEvent[] {
    const heardS = this.#at(partial.heardS);
    // A replay goes once more through what was heard; and a recognized final was the last word before the fused one.
    if (heardS <= told.heardS || told.recognized !== undefined) return [];
    const committed = continuedText(told.committed, partial.committed);
    const whole = continuedText(committed, partial.committed + partial.pending);
    Object.assign(told, { committed, pending: whole.slice(committed.length), heardS });
    const { words, ...rest } = partial;
    return [
      {
        ...rest,
        utterance: told.utterance,
        revision: told.revisions++,
        committed,
        pending: told.pending,
        heardS,
        ...(words === undefined ? {} : { words: words.map((word) => shiftWord(word, this.#offsetS)) }),
      },
    ];
  }

  #final(final: LiveFinal, told: Told): LiveEvent[] {
    const { degraded, ...rest } = final;
    const marked = degraded === true || (this.#degraded && final.stage === 'fused');
    const shifted: LiveFinal = {
      ...rest,
      utterance: told.utterance,
      text: continuedText(told.committed, final.text),
      committed: told.committed,
      result: shiftResult(final.result, this.#offsetS, told.utterance - final.utterance),
      ...(marked ? { degraded: true } : {}),
    };
    if (final.stage === 'recognized') {
      if (told.recognized !== undefined) return [];
      told.recognized = shifted;
      return [shifted];
    }
    // Corrections come after the utterance is done, and are lost with their process.
    if (final.stage === 'corrected') return [shifted];
    const index = this.#open.indexOf(told);
    if (index < 0) return [];
    // Those before it were not found again: their finals would have come first.
    const lost = this.#open.splice(0, index + 1).slice(0, -1);
    this.#doneS = Math.max(this.#doneS, told.endS ?? 0);
    return [...lost.flatMap((other) => this.#giveUp(other)), shifted];
  }

  #giveUp(told: Told): LiveEvent[] {
    const endS = told.endS ?? told.heardS;
    const recognized: LiveFinal = told.recognized ?? {
      kind: 'final',
      utterance: told.utterance,
      stage: 'recognized',
      text: told.committed + told.pending,
      committed: told.committed,
      result: { segments: [], hypotheses: [], changes: [], stats: NO_STATS },
      language: 'und',
    };
    return [
      ...(told.endS === undefined ? [{ kind: 'speech-end', utterance: told.utterance, endS } as const] : []),
      ...(told.recognized === undefined ? [recognized] : []),
      { ...recognized, stage: 'fused', degraded: true },
    ];
  }
}

const NO_STATS = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };

/** Segments are numbered on with the utterances. */
function shiftResult(result: UnitResult, seconds: number, utterances: number): UnitResult {
  if (seconds === 0 && utterances === 0) return result;
  return { ...result, segments: result.segments.map((segment) => shiftSegment(segment, seconds, utterances)) };
}

function shiftSegment(segment: Segment, seconds: number, utterances: number): Segment {
  const { words } = segment;
  return {
    ...segment,
    id: segment.id + utterances,
    start: onGrid(segment.start + seconds),
    end: onGrid(segment.end + seconds),
    ...(words === undefined ? {} : { words: words.map((word) => shiftWord(word, seconds)) }),
  };
}

function shiftWord(word: Word, seconds: number): Word {
  return { ...word, start: onGrid(word.start + seconds), end: onGrid(word.end + seconds) };
}

/** To the sample: sums of seconds would be off in their last digits. */
export function onGrid(seconds: number): number {
  return Math.round(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ;
}
