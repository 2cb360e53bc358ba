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
  /** Nothing more will come. */
  readonly isClosed: boolean;
  readonly isDegraded: boolean;
  /** Readings and changes were asked for: where there are none, there were none. */
  readonly hasProvenance: boolean;
  readonly text: string;
  /** UTF-16 units at the start of `text` that stay as they are. */
  readonly committed: number;
  /** What the recognizer alone made of it, once it has finished; null before. */
  readonly recognizedText: string | null;
  /** '' while unknown. */
  readonly language: string;
  readonly words: NonNullable<HypothesisEvent['words']>;
  readonly alternatives: NonNullable<HypothesisEvent['alternatives']>;
  readonly changes: NonNullable<HypothesisEvent['changes']>;
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

  /** Leaves out utterances that never got their last text; returns their ids. */
  dropOpen(): string[] {
    const open = this.all.filter(({ isClosed }) => !isClosed).map(({ id }) => id);
    for (const id of open) this.#byId.delete(id);
    return open;
  }

  #begin(id: string, { stream, offsetS }: StreamPlace, startS: number): Utterance | null {
    if (this.#byId.has(id)) return null;
    const startsAtS = startS + offsetS;
    return this.put({ ...EMPTY, id, stream, startS: startsAtS, endS: startsAtS });
  }

  #revise(event: HypothesisEvent, place: StreamPlace): Utterance | null {
    const id = idOf(event.utterance, place);
    const earlier = this.#byId.get(id) ?? this.#begin(id, place, event.startS)!;
    const isStale = event.revision <= earlier.revision || rank(event.stage) < rank(earlier.stage);
    if (isStale) return null;
    const { stage, final, text, language, words = [], alternatives = [], changes = [] } = event;
    const isRecognizers = stage === 'recognized' || event.degraded === true;
    return this.put({
      id,
      stream: place.stream,
      startS: event.startS + place.offsetS,
      endS: event.endS + place.offsetS,
      revision: event.revision,
      stage,
      isClosed: final && stage !== 'recognized',
      isDegraded: event.degraded === true,
      hasProvenance: true,
      text,
      committed: Math.min(text.length, Math.max(event.committed, earlier.committed)),
      recognizedText: final && isRecognizers ? text : earlier.recognizedText,
      language: language ?? earlier.language,
      words: words.map((word) => ({ ...word, start: word.start + place.offsetS, end: word.end + place.offsetS })),
      alternatives,
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
  isClosed: false,
  isDegraded: false,
  hasProvenance: true,
  text: '',
  committed: 0,
  recognizedText: null,
  language: '',
  words: [],
  alternatives: [],
  changes: [],
};

function idOf(utterance: number, { stream }: StreamPlace): string {
  return `${stream}.${utterance}`;
}

function rank(stage: Stage): number {
  return STAGES.indexOf(stage);
}
