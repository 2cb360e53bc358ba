/** Who does what, drawn from a seed. Lanes bound how much happens at once: each does one action after another. */
import { SeededRandom } from '../../../services/eval/random.ts';

export type LaneName = 'live' | 'upload' | 'odd';

/** Kinds of a lane, with how many of each are in a deck. */
export const DECKS = {
  live: { stream: 6, 'stream-resumed': 4, 'stream-left': 2, 'stream-slow': 2, realtime: 3, fuse: 2 },
  upload: {
    transcription: 4,
    'transcription-events': 3,
    image: 2,
    pdf: 2,
    'upload-canceled': 2,
    'answer-canceled': 3,
    burst: 1,
  },
  odd: {
    'http-slow': 2,
    'http-garbage': 3,
    'socket-garbage': 2,
    oversized: 2,
    'socket-burst': 1,
  },
} as const;

export type ActionKind = { [L in LaneName]: keyof (typeof DECKS)[L] }[LaneName];

/** Pause before an action, at most, in milliseconds: speakers and uploads follow soon, garbage comes now and then. */
export const PAUSE_MS_MAX: Readonly<Record<LaneName, number>> = { live: 2_000, upload: 3_000, odd: 10_000 };

export interface Action {
  readonly kind: ActionKind;
  /** Wait so long first. */
  readonly pauseMs: number;
  /** Seed of what else the action draws: clips, bytes, waits. */
  readonly seed: number;
  /** 0..1: where in its course something happens: the break of a stream, the end of an upload. */
  readonly share: number;
}

/**
 * The endless course of a lane. Kinds come from a shuffled deck, so that a short run meets each of them. Equal `seed` and
 * `index` give equal actions; lanes of different `index` differ.
 */
export function* actions(lane: LaneName, index: number, seed: number): Generator<Action, never> {
  // Lanes must not repeat each other's draws: their seeds lie far apart.
  const random = new SeededRandom(seed * 1_000_003 + index * 7919 + lane.charCodeAt(0));
  const deck = Object.entries(DECKS[lane]).flatMap(([kind, count]) =>
    Array<ActionKind>(count).fill(kind as ActionKind),
  );
  for (;;) {
    for (const kind of random.shuffle([...deck])) {
      yield {
        kind,
        pauseMs: random.below(PAUSE_MS_MAX[lane] + 1),
        seed: random.uint32(),
        share: random.unit(),
      };
    }
  }
}
