import type { StepwiseUnit, UnitHypothesis, UnitOutcome, UnitSearch } from '../core/stepwise.ts';
import type { TranscribeOptions } from '../core/transcript.ts';
import { compressionRatio } from './compression-ratio.ts';
import type { EncodedWindow, WhisperEncoder, WindowMel } from './encoder.ts';
import { endingLoop, placesWithoutLoop } from './loop-guard.ts';
import { DEFAULT_PADDING, fullWindow, mergedPadding } from './merged-padding.ts';
import { sampling } from './sampling.ts';
import type { StepDecoder } from './step-decoder.ts';
import { TokenRules } from './token-rules.ts';
import type { WhisperModelFile } from './whisper-model.ts';
import type { WhisperTokens } from './whisper-tokens.ts';
import { WindowSource } from './window-source.ts';

/** The first timestamp of a window lies within this, as in the reference. */
const INITIAL_TIMESTAMP_SECONDS_MAX = 1;
/** Hypotheses drawn per temperature above 0, as in the reference. */
const BEST_OF = 5;

export interface DecoderParts {
  readonly model: WhisperModelFile;
  readonly tokens: WhisperTokens;
  readonly encoder: Pick<WhisperEncoder, 'encode'>;
  readonly decoder: Pick<StepDecoder, 'tree'>;
}

export interface WindowRequest {
  readonly mel: WindowMel;
  /** The window, encoded with merged padding (or whole where `exact` asks for it). */
  readonly encoded: EncodedWindow;
  readonly prompt: readonly number[];
  /** What every hypothesis begins with. */
  readonly prefix?: ForcedPrefix;
  readonly timestamps: boolean;
  readonly unit: Omit<StepwiseUnit, 'index'>;
  /** Numbers for the units tried. */
  readonly nextIndex: () => number;
  readonly options: TranscribeOptions;
  readonly search: UnitSearch;
  readonly signal: AbortSignal | undefined;
}

/** Tokens that stand already, such as those that a live stream has committed. */
export interface ForcedPrefix {
  readonly tokens: readonly number[];
  /** log P of each, from when it was decoded. */
  readonly logProbs: readonly number[];
  /** How many of them, the first, another process decoded; absent: none. */
  readonly given?: number;
}

/** A window's text and how it came about. */
export interface DecodedWindow {
  readonly outcome: UnitOutcome;
  /** The best hypothesis, loops cut. */
  readonly hypothesis: UnitHypothesis;
  readonly text: string;
  readonly temperature: number;
  readonly avgLogProb: number;
  readonly compressionRatio: number;
  readonly noSpeechProb: number;
  /** True where the best hypothesis ended in a loop. */
  readonly looped: boolean;
  /** True where no attempt passed the thresholds, or only a high temperature did. */
  readonly doubtful: boolean;
  readonly encoded: EncodedWindow;
  /** True where the whole window was encoded after merged padding had tripped a threshold. */
  readonly redone: boolean;
}

export interface DecodeTimings {
  encodeMs: number;
  recognizeMs: number;
}

/** Above this temperature a window's text is not shown to the next one, as in the reference. */
const TRUSTED_TEMPERATURE_MAX = 0.5;

/** Encodes a window: merged padding where it is short and `exact` is off. */
export async function encodeWindow(
  parts: Pick<DecoderParts, 'model' | 'encoder'>,
  mel: WindowMel,
  exact: boolean,
  timings: DecodeTimings,
): Promise<EncodedWindow> {
  const started = performance.now();
  const { audioCtx } = parts.model.dims;
  const plan = exact ? fullWindow(mel.realFrames, audioCtx) : mergedPadding(mel.realFrames, audioCtx, DEFAULT_PADDING);
  const encoded = await parts.encoder.encode(mel, plan);
  timings.encodeMs += performance.now() - started;
  return encoded;
}

/**
 * Decodes one window. Where a threshold trips (too repetitive, too improbable, a loop) it tries again: first with the
 * whole 30 s window where the padding was merged, then down the temperature ladder by sampling. What is improbable
 * because nobody speaks is left as it is. Where nothing passes, the likeliest attempt that is not repetitive is
 * taken.
 */
export async function decodeWindow(
  parts: DecoderParts,
  request: WindowRequest,
  timings: DecodeTimings,
): Promise<DecodedWindow> {
  const { options, signal } = request;
  const attempts: DecodedWindow[] = [];
  let encoded = request.encoded;
  const ladder = [...options.temperatures];
  while (ladder.length > 0) {
    signal?.throwIfAborted();
    const temperature = ladder[0]!;
    const attempt = await decodeOnce(parts, request, encoded, temperature, timings);
    if (!isTripped(attempt, options)) return attempt;
    attempts.push(attempt);
    if (encoded.exact) ladder.shift();
    else encoded = await encodeWindow(parts, request.mel, true, timings);
  }
  const varied = attempts.filter((attempt) => !isRepetitive(attempt, options));
  const best = (varied.length > 0 ? varied : attempts).reduce((a, b) => (b.avgLogProb > a.avgLogProb ? b : a));
  return { ...best, doubtful: true };
}

/**
 * True where nothing was said: the model thinks so and its text is improbable (the reference's rule). Where it is
 * nearly certain that nobody speaks, text that is only half as improbable, or repeats itself, is an invention too: on
 * silence and noise the base model says "You" at 0.9 or loops, while no development clip of speech comes above 0.7.
 */
export function isSilent(window: DecodedWindow, options: TranscribeOptions): boolean {
  const { noSpeechProb, avgLogProb } = window;
  const { noSpeechProbMax, avgLogProbMin } = options;
  if (noSpeechProb <= noSpeechProbMax) return false;
  if (avgLogProb < avgLogProbMin) return true;
  const certain = noSpeechProb > (1 + noSpeechProbMax) / 2;
  return certain && (isRepetitive(window, options) || avgLogProb < avgLogProbMin / 2);
}

function isTripped(window: DecodedWindow, options: TranscribeOptions): boolean {
  if (isSilent(window, options)) return false;
  return isRepetitive(window, options) || window.avgLogProb < options.avgLogProbMin;
}

function isRepetitive(window: DecodedWindow, options: TranscribeOptions): boolean {
  return window.looped || window.compressionRatio > options.compressionRatioMax;
}

async function decodeOnce(
  parts: DecoderParts,
  request: WindowRequest,
  encoded: EncodedWindow,
  temperature: number,
  timings: DecodeTimings,
): Promise<DecodedWindow> {
  const { options, signal } = request;
  const { tokens, model } = parts;
  const rules = new TokenRules(tokens, {
    suppressIds: model.suppressIds,
    suppressIdsBegin: model.suppressIdsBegin,
    timestamps: request.timestamps,
    initialTimestampMaxSeconds: INITIAL_TIMESTAMP_SECONDS_MAX,
  });
  const unit = { ...request.unit, index: request.nextIndex() };
  const prefix = request.prefix ?? NO_PREFIX;
  const source = new WindowSource(unit, parts.decoder.tree(encoded), rules, request.prompt, prefix.tokens);
  try {
    const { seed, nBest } = options;
    const search =
      temperature === 0
        ? request.search
        : sampling({ temperature, seed: seed + unit.index, bestOf: BEST_OF, nBest: Math.min(nBest, BEST_OF) });
    const outcome = withPrefix(await search(source, signal), prefix, tokens);
    const chosen = outcome.hypotheses[0]!;
    const text = tokens.decode(chosen.tokens);
    return {
      outcome,
      hypothesis: withoutLoop(chosen, tokens.endOfText, prefix.tokens.length),
      text,
      temperature,
      avgLogProb: judgedLogProb(chosen.recognizerLogProb, chosen.tokens.length, prefix),
      compressionRatio: compressionRatio(text.trim()),
      noSpeechProb: source.noSpeechProb,
      looped: endingLoop(chosen.tokens, tokens.endOfText) !== null,
      doubtful: temperature > TRUSTED_TEMPERATURE_MAX,
      encoded,
      redone: encoded !== request.encoded,
    };
  } finally {
    timings.recognizeMs += source.busyMs;
    source.dispose();
  }
}

/**
 * Mean log-probability by which a text is judged, its end counted as a token. What another process decoded may be improbable
 * here; trying again would not change it, so the rest is then judged alone.
 *
 * @param sum of the text's tokens and its end
 */
export function judgedLogProb(sum: number, tokens: number, { logProbs, given = 0 }: ForcedPrefix): number {
  const whole = sum / (tokens + 1);
  if (given === 0) return whole;
  const givenSum = logProbs.slice(0, given).reduce((total, logProb) => total + logProb, 0);
  return Math.max(whole, (sum - givenSum) / (tokens - given + 1));
}

const NO_PREFIX: ForcedPrefix = { tokens: [], logProbs: [] };

/** The search saw what follows the prefix; the window's hypotheses are whole. Fused scores stay those of what follows. */
function withPrefix(outcome: UnitOutcome, { tokens, logProbs }: ForcedPrefix, vocabulary: WhisperTokens): UnitOutcome {
  if (tokens.length === 0) return outcome;
  const sum = logProbs.reduce((total, logProb) => total + logProb, 0);
  const { length } = vocabulary.decode(tokens);
  return {
    ...outcome,
    hypotheses: outcome.hypotheses.map((hypothesis) => ({
      ...hypothesis,
      tokens: [...tokens, ...hypothesis.tokens],
      tokenLogProbs: [...logProbs, ...hypothesis.tokenLogProbs],
      recognizerLogProb: sum + hypothesis.recognizerLogProb,
    })),
    changes: outcome.changes.map((change) => ({ ...change, offset: length + change.offset })),
  };
}

/**
 * The tokens of a loop are cut to its first round, but for the first `keep`; the sum stays that of what was decoded.
 */
function withoutLoop(hypothesis: UnitHypothesis, endOfText: number, keep: number): UnitHypothesis {
  const cut = placesWithoutLoop(hypothesis.tokens, endOfText);
  const places = [...Array(keep).keys(), ...cut.filter((place) => place >= keep)];
  if (places.length === hypothesis.tokens.length) return hypothesis;
  const ending = hypothesis.tokenLogProbs.slice(hypothesis.tokens.length);
  return {
    ...hypothesis,
    tokens: places.map((place) => hypothesis.tokens[place]!),
    tokenLogProbs: [...places.map((place) => hypothesis.tokenLogProbs[place]!), ...ending],
  };
}
