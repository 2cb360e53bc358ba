import type { CommitPolicies, CommitPolicy, CommitPolicyName, LiveWord } from '../../models/core/live.ts';

/**
 * Which words of a growing utterance are settled. Recognizing a recording that was cut anywhere gives a good beginning
 * and a doubtful end; both policies say where the doubtful part begins.
 */

/**
 * Numbers of both policies, chosen on development clips (docs/benchmarks.md, "Live speech"). What a word needs to be settled
 * is mostly that the recognizer is sure of it: agreement or distance alone settle too many wrong ones.
 */
export const COMMIT_NUMBERS: Readonly<Record<CommitPolicyName, PolicyNumbers>> = {
  'local-agreement': { holdMs: 600, probabilityMin: 0.6, sureAfterS: 3 },
  'align-att': { holdMs: 600, probabilityMin: 0.6, sureAfterS: 3 },
};

export interface PolicyNumbers {
  /** Words that end within so much of the end of what was heard wait. */
  readonly holdMs: number;
  /** A word with a token less probable than this waits, and all behind it, */
  readonly probabilityMin: number;
  /** until it lies so far back that more audio will not change it. */
  readonly sureAfterS: number;
}

/** Attention that jumps back by more than this has lost its place: nothing from there on is settled. */
const REWIND_S = 4;

export const commitPolicies: CommitPolicies = ({ policy, holdMs }): CommitPolicy => {
  return commitPolicy(policy, { ...COMMIT_NUMBERS[policy], ...(holdMs !== undefined && { holdMs }) });
};

export function commitPolicy(policy: CommitPolicyName, numbers: PolicyNumbers): CommitPolicy {
  return policy === 'align-att' ? new AttendedPrefix(numbers) : new AgreedPrefix(numbers);
}

/**
 * LocalAgreement-2 (Liu et al., "Low-latency sequence-to-sequence speech recognition", 2020; Machacek et al., "Turning
 * Whisper into real-time transcription system", 2023): what two passes in a row agree on, from the first word on.
 */
export class AgreedPrefix implements CommitPolicy {
  readonly #numbers: PolicyNumbers;
  /** Words of the last pass behind what is committed. */
  #last: readonly LiveWord[] = [];

  constructor(numbers: PolicyNumbers) {
    this.#numbers = numbers;
  }

  settled(words: readonly LiveWord[], heardS: number): number {
    let agreed = 0;
    while (agreed < words.length && agreed < this.#last.length && isSame(words[agreed]!, this.#last[agreed]!)) agreed++;
    let settled = 0;
    while (settled < agreed && isRipe(words[settled]!, heardS, this.#numbers)) settled++;
    this.#last = words.slice(settled);
    return settled;
  }
}

/**
 * AlignAtt (Papi et al., "AlignAtt: using attention-based audio-translation alignments as a guide for simultaneous speech
 * translation", 2023): a word is settled unless the frame that one of its tokens attends to most lies within the last
 * `holdMs` of the audio; from the first such word on all wait. The last word waits for the one after it: it may not be whole.
 */
export class AttendedPrefix implements CommitPolicy {
  readonly #numbers: PolicyNumbers;

  constructor(numbers: PolicyNumbers) {
    this.#numbers = numbers;
  }

  settled(words: readonly LiveWord[], heardS: number): number {
    let settled = 0;
    let reachedS = 0;
    for (const word of words.slice(0, -1)) {
      if (!isRipe(word, heardS, this.#numbers) || word.attendedFromS < reachedS - REWIND_S) break;
      reachedS = Math.max(reachedS, word.attendedToS);
      settled++;
    }
    return settled;
  }
}

/** Far enough from the end of the audio, and sure (or so far that it does not matter). */
function isRipe({ attendedToS, logProb }: LiveWord, heardS: number, numbers: PolicyNumbers): boolean {
  const agoS = heardS - attendedToS;
  if (agoS < numbers.holdMs / 1000) return false;
  return logProb >= Math.log(numbers.probabilityMin) || agoS >= numbers.sureAfterS;
}

function isSame(a: LiveWord, b: LiveWord): boolean {
  return a.tokens.length === b.tokens.length && a.tokens.every((token, i) => token === b.tokens[i]);
}
