import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { LiveEvent, LiveFinal } from '../../models/core/live.ts';
import type { LiveStage } from '../metrics/socket-metrics.ts';
import { AudioArrivals } from './audio-arrivals.ts';

export interface TimingEvents {
  heard(seconds: number): void;
  stage(stage: LiveStage, ms: number): void;
  shed(what: 'partials' | 'fusion' | 'nothing'): void;
  /** The last text of an utterance. */
  closed(final: LiveFinal): void;
}

/** Watches one stream of the recognizer: when its audio comes, and when what is heard of it does. */
export class LiveTiming {
  readonly #clock: Clock;
  readonly #events: TimingEvents;
  readonly #arrivals = new AudioArrivals();
  /** Where utterances began of which no text has come. */
  readonly #starts = new Map<number, number>();
  /** Where utterances ended whose last text has not come. */
  readonly #ends = new Map<number, number>();
  #heardS = 0;

  constructor(clock: Clock, events: TimingEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** So much more audio has come. */
  heard(seconds: number): void {
    this.#heardS += seconds;
    this.#arrivals.add(this.#heardS, this.#clock.nowMs());
    this.#events.heard(seconds);
  }

  take(event: LiveEvent): void {
    switch (event.kind) {
      case 'speech-start':
        this.#starts.set(event.utterance, event.startS);
        break;
      case 'partial':
        this.#stage('lag', event.heardS);
        this.#stage('first_partial', this.#starts.get(event.utterance));
        this.#starts.delete(event.utterance);
        break;
      case 'speech-end':
        this.#ends.set(event.utterance, event.endS);
        break;
      case 'final':
        this.#takeFinal(event);
        break;
      case 'cleared':
        if (event.utterance !== null) this.#forget(event.utterance);
        break;
      case 'shed':
        this.#events.shed(event.what);
        break;
      case 'commit-empty':
      case 'lag':
        break;
    }
  }

  #takeFinal(final: LiveFinal): void {
    const { utterance, stage } = final;
    this.#stage(stage === 'recognized' ? 'recognized_final' : 'fused_final', this.#ends.get(utterance));
    if (stage === 'recognized') return;
    this.#forget(utterance);
    this.#events.closed(final);
  }

  #forget(utterance: number): void {
    this.#starts.delete(utterance);
    this.#ends.delete(utterance);
  }

  #stage(stage: LiveStage, atS: number | undefined): void {
    const cameMs = atS === undefined ? undefined : this.#arrivals.at(atS);
    if (cameMs !== undefined) this.#events.stage(stage, this.#clock.nowMs() - cameMs);
  }
}
