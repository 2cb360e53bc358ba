import type { CommitPolicies, CommitPolicy, CommitPolicyName, LiveWord } from '../../models/core/live.ts';

/**
 * Which words of a growing utterance are settled. Recognizing a recording that was cut anywhere gives a good beginning
 * and a doubtful end; both policies say where the doubtful part begins.
 */

/** Words that end within so much of the end of what was heard wait, where the caller does not say. */
export const HOLD_MS: Readonly<Record<CommitPolicyName, number>> = {
  'local-agreement': 0,
  'align-att': 400,
};

/** Attention that jumps back by more than this has lost its place: nothing from there on is settled. */
const REWIND_S = 4;

export const commitPolicies: CommitPolicies = ({ policy, holdMs = HOLD_MS[policy] }): CommitPolicy =>
  policy === 'align-att' ? new AttendedPrefix(holdMs / 1000) : new AgreedPrefix(holdMs / 1000);

/**
 * LocalAgreement-2 (Liu et al., "Low-latency sequence-to-sequence speech recognition", 2020; Machacek et al., "Turning
 * Whisper into real-time transcription system", 2023): what two passes in a row agree on, from the first word on.
 */
export class AgreedPrefix implements CommitPolicy {
  readonly #holdS: number;
  /** Words of the last pass behind what is committed. */
  #last: readonly LiveWord[] = [];

  constructor(holdS: number) {
    this.#holdS = holdS;
  }

  settled(words: readonly LiveWord[], heardS: number): number {
    let agreed = 0;
    while (agreed < words.length && agreed < this.#last.length && isSame(words[agreed]!, this.#last[agreed]!)) agreed++;
    let settled = 0;
    while (settled < agreed && words[settled]!.attendedToS <= heardS - this.#holdS) settled++;
    this.#last = words.slice(settled);
    return settled;
  }
}

/**
 * AlignAtt (Papi et al., "AlignAtt: using attention-based audio-translation alignments as a guide for simultaneous speech
 * translation", 2023): a word is settled unless the frame that one of its tokens attends to most lies within the last
 * `holdS` of the audio; from the first such word on all wait. The last word waits for the one after it: it may not be whole.
 */
export class AttendedPrefix implements CommitPolicy {
  readonly #holdS: number;

  constructor(holdS: number) {
    this.#holdS = holdS;
  }

  settled(words: readonly LiveWord[], heardS: number): number {
    let settled = 0;
    let reachedS = 0;
    for (const { attendedFromS, attendedToS } of words.slice(0, -1)) {
      if (attendedToS > heardS - this.#holdS || attendedFromS < reachedS - REWIND_S) break;
      reachedS = Math.max(reachedS, attendedToS);
      settled++;
    }
    return settled;
  }
}

function isSame(a: LiveWord, b: LiveWord): boolean {
  return a.tokens.length === b.tokens.length && a.tokens.every((token, i) => token === b.tokens[i]);
}
