import type { WhisperTokens } from './whisper-tokens.ts';

/**
 * Which tokens may follow a path, as openai/whisper's decoding rules have it (`SuppressBlank`, `SuppressTokens`,
 * `ApplyTimestampRules`). Timestamps come in pairs around text, never go back, and the first one lies early. A state
 * is a small value that a token advances, so beams share nothing and nothing is recomputed from the start.
 */
export interface RuleState {
  /** Tokens so far. */
  readonly length: number;
  readonly lastIsTimestamp: boolean;
  /** True also where there is no token before the last: the first timestamp counts as the end of a pair. */
  readonly previousIsTimestamp: boolean;
  /** Highest timestamp so far, -1 where none. */
  readonly lastTimestamp: number;
}

export const RULE_START: RuleState = {
  length: 0,
  lastIsTimestamp: false,
  previousIsTimestamp: true,
  lastTimestamp: -1,
};

/** What may come next: text ids below end of text, end of text, and timestamps of [timestampLo, timestampHi). */
export interface Allowed {
  readonly text: boolean;
  readonly end: boolean;
  readonly timestampLo: number;
  readonly timestampHi: number;
}

export class TokenRules {
  readonly timestamps: boolean;
  readonly tokens: WhisperTokens;
  /** Text ids that are never proposed. */
  readonly suppressed: Int32Array;
  /** Text ids that are not proposed as the first token. */
  readonly suppressedFirst: Int32Array;
  readonly #initialTimestampMax: number;

  /** @param initialTimestampMaxSeconds the first timestamp lies within this */
  constructor(
    tokens: WhisperTokens,
    options: {
      readonly suppressIds: readonly number[];
      readonly suppressIdsBegin: readonly number[];
      readonly timestamps: boolean;
      readonly initialTimestampMaxSeconds: number;
    },
  ) {
    this.tokens = tokens;
    this.timestamps = options.timestamps;
    const textOnly = (ids: readonly number[]) => Int32Array.from(ids.filter((id) => id >= 0 && id < tokens.endOfText));
    this.suppressed = textOnly(options.suppressIds);
    this.suppressedFirst = textOnly(options.suppressIdsBegin);
    this.#initialTimestampMax = tokens.timestampBegin + Math.round(options.initialTimestampMaxSeconds / 0.02);
  }

  allowed(state: RuleState): Allowed {
    const { timestampBegin, size } = this.tokens;
    const first = state.length === 0;
    if (!this.timestamps) return { text: true, end: !first, timestampLo: size, timestampHi: size };
    if (first) {
      const timestampHi = Math.min(size, this.#initialTimestampMax + 1);
      return { text: false, end: false, timestampLo: timestampBegin, timestampHi };
    }
    if (state.lastIsTimestamp && state.previousIsTimestamp) {
      return { text: true, end: true, timestampLo: size, timestampHi: size };
    }
    // After the end of a stretch the next one may start at once; inside a stretch time has to pass.
    const closing = state.lastIsTimestamp;
    const timestampLo = state.lastTimestamp < 0 ? timestampBegin : state.lastTimestamp + (closing ? 0 : 1);
    return { text: !closing, end: true, timestampLo, timestampHi: size };
  }

  next(state: RuleState, token: number): RuleState {
    const timestamp = this.tokens.isTimestamp(token);
    return {
      length: state.length + 1,
      lastIsTimestamp: timestamp,
      previousIsTimestamp: state.length === 0 || state.lastIsTimestamp,
      lastTimestamp: timestamp ? token : state.lastTimestamp,
    };
  }
}
