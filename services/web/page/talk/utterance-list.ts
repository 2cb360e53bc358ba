/** What was said so far: events of the stream become utterances, each with its latest hypothesis. */
import type { StreamPlace } from './live-session.ts';
import { type HypothesisEvent, STAGES, type Stage, type StreamEvent } from './stream-events.ts';

export interface Utterance {
  /** Unique within the recording, whatever streams it took. */
  readonly id: string;
  readonly stream: number;
  /** Seconds from the start of the recording. */
  readonly startS: number;
  readonly endS: number;
  readonly revision: number;
  readonly stage: Stage;
  /** Its speech has ended: from here on a person may correct it, while the fused text may be still to come. */
  readonly isFinal: boolean;
  /** Nothing more will come from the service. */
  readonly isClosed: boolean;
  readonly isDegraded: boolean;
  /** The service's newest. */
  readonly text: string;
  /** What a person put in its place; '' where nothing was said after all, null where nobody did. */
  readonly correction: string | null;
  /** UTF-16 units at the start of `text` that stay as they are. */
  readonly committed: number;
  /** What the recognizer alone made of it, once it has finished; null before. */
  readonly recognizedText: string | null;
  /** '' while unknown. */
  readonly language: string;
  readonly words: NonNullable<HypothesisEvent['words']>;
  readonly alternatives: NonNullable<HypothesisEvent['alternatives']>;
  /** The text that the alternatives are of, where that is more than this utterance; else null. */
  readonly alternativesOf: string | null;
  readonly changes: NonNullable<HypothesisEvent['changes']>;
}

/** The text as it stands: the person's, where there is one. */
export function currentText({ text, correction }: Utterance): string {
  return correction ?? text;
}

export class UtteranceList {
  readonly #byId = new Map<string, Utterance>();

  /** In the order in which they began. */
  get all(): readonly Utterance[] {
    return [...this.#byId.values()];
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  /** Takes an event and returns the utterance that it changed; null where it changed none. */
  apply(event: StreamEvent, place: StreamPlace): Utterance | null {
    if (event.type === 'speech_start') {
      return this.#begin(idOf(event.utterance, place), place, event.startS);
    }
    return event.type === 'hypothesis' ? this.#revise(event, place) : null;
  }

  /** Adds a whole one, such as the text of an uploaded recording, or replaces it. */
  put(utterance: Utterance): Utterance {
    this.#byId.set(utterance.id, utterance);
    return utterance;
  }

  /**
   * Sets what a person says it should be; null takes that back. A text that is the service's own corrects nothing. An
   * utterance is one line. Returns the utterance, null where there is none of this id.
   */
  correct(id: string, text: string | null): Utterance | null {
    const known = this.#byId.get(id);
    if (known === undefined) return null;
    const correction = text === null || oneLine(text) === oneLine(known.text) ? null : oneLine(text);
    return this.put({ ...known, correction });
  }

  /** No more events come: what is here is all there will be. Returns those that were still open. */
  endAll(): Utterance[] {
    return this.all.filter(({ isFinal }) => !isFinal).map((open) => this.put({ ...open, isFinal: true }));
  }

  /** Leaves out utterances that never got their last text, but for those that a person worked on; returns their ids. */
  dropOpen(isKept: (utterance: Utterance) => boolean = () => false): string[] {
    const open = this.all.filter((one) => !one.isClosed && one.correction === null && !isKept(one));
    for (const { id } of open) this.#byId.delete(id);
    return open.map(({ id }) => id);
  }

  #begin(id: string, { stream, offsetS }: StreamPlace, startS: number): Utterance | null {
    if (this.#byId.has(id)) return null;
    const startsAtS = startS + offsetS;
    return this.put({ ...EMPTY, id, stream, startS: startsAtS, endS: startsAtS });
  }

  #revise(event: HypothesisEvent, place: StreamPlace): Utterance | null {
    const id = idOf(event.utterance, place);
    const earlier = this.#byId.get(id) ?? this.#begin(id, place, event.startS)!;
    if (event.revision <= earlier.revision || !mayFollow(event, earlier)) return null;
    const { stage, final, text, language, words = [], alternatives = [], changes = [] } = event;
    const isRecognizers = stage === 'recognized' || event.degraded === true;
    return this.put({
      id,
      stream: place.stream,
      startS: event.startS + place.offsetS,
      endS: event.endS + place.offsetS,
      revision: event.revision,
      stage,
      isFinal: final,
      isClosed: final && stage !== 'recognized',
      isDegraded: event.degraded === true,
      text,
      correction: earlier.correction === null || oneLine(text) === earlier.correction ? null : earlier.correction,
      committed: Math.min(text.length, Math.max(event.committed, earlier.committed)),
      recognizedText: final && isRecognizers ? text : earlier.recognizedText,
      language: language ?? earlier.language,
      words: words.map((word) => ({ ...word, start: word.start + place.offsetS, end: word.end + place.offsetS })),
      alternatives,
      alternativesOf: null,
      changes,
    });
  }
}

/** An utterance of which nothing is known yet. */
export const EMPTY: Utterance = {
  id: '',
  stream: 0,
  startS: 0,
  endS: 0,
  revision: -1,
  stage: 'recognized',
  isFinal: false,
  isClosed: false,
  isDegraded: false,
  text: '',
  correction: null,
  committed: 0,
  recognizedText: null,
  language: '',
  words: [],
  alternatives: [],
  alternativesOf: null,
  changes: [],
};

function idOf(utterance: number, { stream }: StreamPlace): string {
  return `${stream}.${utterance}`;
}

/**
 * A running text may be of either stage, as light fusion comes and goes, and the recognizer's final may follow one that
 * was fused. Finals end that: their stages go forward only.
 */
function mayFollow({ final, stage }: HypothesisEvent, earlier: Utterance): boolean {
  return !earlier.isFinal || (final && rank(stage) >= rank(earlier.stage));
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

function rank(stage: Stage): number {
  return STAGES.indexOf(stage);
}
