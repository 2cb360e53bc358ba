import { SAMPLE_RATE_HZ } from '../core/limits.ts';
import type { CommitPolicy, ListenOptions, LivePartial, LiveWord } from '../core/live.ts';
import type { Segment, UnitResult, Word } from '../core/transcript.ts';
import type { CommittedBeginning } from './committed-beginning.ts';
import { compressionRatio } from './compression-ratio.ts';
import type { HeardText } from './heard-text.ts';
import type { ScriptConverter } from './script.ts';
import type { WhisperTokens } from './whisper-tokens.ts';
import type { DecodedWindow, ForcedPrefix } from './window-decode.ts';
import { splitWords } from './word-split.ts';
import { timedWords } from './word-timing.ts';

/** What all utterances of a stream share. */
export interface UtteranceContext {
  readonly tokens: WhisperTokens;
  readonly options: ListenOptions;
  readonly convert: ScriptConverter;
}

/**
 * One utterance of a live stream: what is committed of it, and how texts are made of what passes and searches find.
 * Committed text grows word by word and is never taken back: its tokens are the forced beginning of every later pass and
 * search, and its spelling (script and all) is kept as it was given out.
 */
export class LiveUtterance {
  readonly index: number;
  /** First sample. */
  readonly start: number;
  readonly #context: UtteranceContext;
  readonly #policy: CommitPolicy;
  readonly #tokens: number[];
  /** Without those of the tokens given, until a pass has scored them. */
  readonly #logProbs: number[] = [];
  readonly #given: number;
  /** As it was given out, with the space before the first word. */
  #committed: string;
  #pendingTokens: readonly number[] = [];
  #revision = 0;

  /** @param given what a process that is gone committed of it */
  constructor(
    index: number,
    start: number,
    policy: CommitPolicy,
    context: UtteranceContext,
    given: CommittedBeginning = { text: '', tokens: [] },
  ) {
    this.index = index;
    this.start = start;
    this.#policy = policy;
    this.#context = context;
    this.#tokens = [...given.tokens];
    this.#given = given.tokens.length;
    this.#committed = given.text;
  }

  /** Tokens that all further hypotheses begin with. Those given come without log-probabilities until a pass took them. */
  get prefix(): ForcedPrefix {
    return { tokens: [...this.#tokens], logProbs: [...this.#logProbs], given: this.#given };
  }

  /** What the last pass found after them. */
  get draft(): readonly number[] {
    return this.#pendingTokens;
  }

  get committedText(): string {
    return this.#committed.trimStart();
  }

  /**
   * Takes a pass over the samples up to `end`: commits what the policy holds for settled, unless the language is still a
   * guess. Returns null where the pass is not worth showing (nobody speaks, or a loop).
   */
  take(pass: HeardText, end: number, language: string, mayCommit: boolean): LivePartial | null {
    const { tokens: vocabulary, options, convert } = this.#context;
    const heardS = (end - this.start) / SAMPLE_RATE_HZ;
    const from = this.#tokens.length;
    if (this.#logProbs.length < from) this.#logProbs.push(...pass.logProbs.slice(0, from));
    const rest = pass.tokens.slice(from);
    const restText = vocabulary.decode(rest);
    const { noSpeechProbMax, avgLogProbMin, compressionRatioMax } = options;
    // As window-decode.ts judges a finished window: improbable text where nobody seems to speak, or too much repetition.
    const silent = pass.noSpeechProb > noSpeechProbMax && pass.avgLogProb < avgLogProbMin / 2;
    const repetitive = pass.looped || compressionRatio(vocabulary.decode(pass.tokens).trim()) > compressionRatioMax;
    if (silent || repetitive) {
      this.#pendingTokens = [];
      return null;
    }
    if (mayCommit && pass.avgLogProb >= avgLogProbMin) this.#commit(pass, heardS, language);
    this.#pendingTokens = pass.tokens.slice(this.#tokens.length);
    const added = this.#tokens.length - from;
    const pending = convert(added === 0 ? restText : vocabulary.decode(this.#pendingTokens));
    const committed = this.committedText;
    return {
      kind: 'partial',
      utterance: this.index,
      stage: pass.fused ? 'fused' : 'recognized',
      revision: this.#revision++,
      committed,
      pending: committed === '' ? pending.trimStart() : pending,
      heardS: end / SAMPLE_RATE_HZ,
      ...(options.timestamps === 'word' && { words: this.#words(pass, heardS, language) }),
    };
  }

  /** The utterance's result by a search. `null`: nobody spoke; what was committed stays. */
  result(
    decoded: DecodedWindow,
    silent: boolean,
    end: number,
    times: Float64Array | null,
    language: string,
  ): { readonly text: string; readonly result: UnitResult } {
    const { tokens: vocabulary, options } = this.#context;
    const { hypothesis, outcome } = decoded;
    const count = this.#tokens.length;
    const tokens = silent ? this.#tokens : hypothesis.tokens;
    const spelled = this.#spell(tokens.slice(count));
    const startS = this.start / SAMPLE_RATE_HZ;
    const endS = end / SAMPLE_RATE_HZ;
    const logProbs = hypothesis.tokenLogProbs.slice(0, tokens.length);
    const timed =
      times === null || silent
        ? undefined
        : timedWords([{ start: startS, end: endS, tokens, logProbs }], times, startS, vocabulary, language)[0];
    const { fused } = hypothesis;
    const segment: Segment = {
      id: this.index,
      seek: Math.round(startS * 100),
      start: timed?.start ?? roundSeconds(startS),
      end: timed?.end ?? roundSeconds(endS),
      text: spelled,
      tokens,
      temperature: decoded.temperature,
      avg_logprob: decoded.avgLogProb,
      compression_ratio: decoded.compressionRatio,
      no_speech_prob: decoded.noSpeechProb,
      ...(timed && { words: timed.words }),
      ...(fused && { fused: { score: fused.score, llm_logprob: fused.llmLogProb, llm_weight: fused.llmWeight } }),
      ...(decoded.redone && { exact: true }),
    };
    const result: UnitResult = {
      segments: spelled.trim() === '' ? [] : [segment],
      // Where nobody spoke, none of them was chosen.
      hypotheses: (silent ? [] : outcome.hypotheses.slice(0, options.nBest)).map((one) => ({
        ...one,
        text: this.#spell(one.tokens.slice(count)),
      })),
      changes: silent ? [] : outcome.changes,
      stats: outcome.stats,
    };
    return { text: spelled.trim(), result };
  }

  #commit(pass: HeardText, heardS: number, language: string): void {
    const { tokens: vocabulary, convert } = this.#context;
    const from = this.#tokens.length;
    const words = liveWords(pass, from, vocabulary, language);
    const settled = words.slice(0, this.#policy.settled(words, heardS)).flatMap(({ tokens }) => tokens);
    if (settled.length === 0) return;
    this.#tokens.push(...settled);
    this.#logProbs.push(...pass.logProbs.slice(from, from + settled.length));
    this.#committed += convert(vocabulary.decode(settled));
  }

  /** Text of hypotheses, whose first tokens are those committed: what was given out stays as it is. */
  #spell(rest: readonly number[]): string {
    const { tokens, convert } = this.#context;
    return this.#committed + convert(tokens.decode(rest));
  }

  #words(pass: HeardText, heardS: number, language: string): readonly Word[] {
    const startS = this.start / SAMPLE_RATE_HZ;
    const text = { start: startS, end: startS + heardS, tokens: pass.tokens, logProbs: pass.logProbs };
    const times = pass.attention.times(pass.tokens.length);
    return timedWords([text], times, startS, this.#context.tokens, language)[0]!.words;
  }
}

/** Words of a pass after its first `from` tokens. An unfinished character at the end is left out. */
function liveWords(pass: HeardText, from: number, tokens: WhisperTokens, language: string): LiveWord[] {
  const attendedS = pass.attention.attended(pass.tokens.length);
  let at = from;
  return splitWords(pass.tokens.slice(from), tokens, language).map(({ text, tokens: ids }) => {
    const attended = attendedS.slice(at, at + ids.length);
    const logProb = Math.min(...pass.logProbs.slice(at, at + ids.length));
    at += ids.length;
    return { text, tokens: ids, logProb, attendedFromS: Math.min(...attended), attendedToS: Math.max(...attended) };
  });
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
