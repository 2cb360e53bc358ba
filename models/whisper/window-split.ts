import { TIMESTAMP_STEP_SECONDS, type WhisperTokens } from './whisper-tokens.ts';

/** A stretch of a window's text. Seconds from the start of the window. */
export interface WindowPiece {
  readonly start: number;
  readonly end: number;
  /** Timestamps included. */
  readonly tokens: readonly number[];
  /** Place of the first token in the hypothesis. */
  readonly offset: number;
}

export interface WindowSplit {
  readonly pieces: readonly WindowPiece[];
  /** How far the next window starts after this one. */
  readonly advanceSeconds: number;
}

/**
 * Cuts a hypothesis at its timestamps, as the reference does: a stretch ends where two timestamps meet. Where the text
 * ends in one timestamp, nothing is said after it and the whole window is done; where it ends without, the last stretch
 * is unfinished and the next window starts at its beginning. Always moves on.
 *
 * @param durationSeconds real audio in the window
 */
export function splitWindow(
  hypothesis: readonly number[],
  tokens: Pick<WhisperTokens, 'isTimestamp' | 'secondsOf'>,
  durationSeconds: number,
): WindowSplit {
  const stamp = hypothesis.map((token) => tokens.isTimestamp(token));
  const secondsAt = (place: number) => Math.min(durationSeconds, tokens.secondsOf(hypothesis[place]!));
  const { length } = hypothesis;
  const endsInStamp = length >= 2 && stamp[length - 1] === true && stamp[length - 2] === false;
  const cuts: number[] = [];
  for (let i = 1; i < length; i++) if (stamp[i] && stamp[i - 1]) cuts.push(i);

  if (cuts.length === 0) {
    const last = stamp.lastIndexOf(true);
    const start = stamp[0] ? secondsAt(0) : 0;
    const closed = last > 0 && secondsAt(last) > start;
    const end = closed ? secondsAt(last) : durationSeconds;
    return { pieces: [{ start, end, tokens: hypothesis, offset: 0 }], advanceSeconds: durationSeconds };
  }
  if (endsInStamp) cuts.push(length);
  const pieces: WindowPiece[] = [];
  let from = 0;
  let reached = 0;
  for (const to of cuts) {
    const end = Math.max(reached, secondsAt(to - 1));
    // A stretch that begins where the audio ends still has its words: it keeps one step of time.
    const start = stamp[from] ? Math.max(reached, Math.min(secondsAt(from), end - TIMESTAMP_STEP_SECONDS)) : reached;
    reached = end;
    pieces.push({ start, end, tokens: hypothesis.slice(from, to), offset: from });
    from = to;
  }
  return { pieces, advanceSeconds: endsInStamp || reached <= 0 ? durationSeconds : reached };
}
