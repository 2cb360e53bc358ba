import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { NBest } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';
import type { Alphabet, UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions, UnitResult, Warning } from '../../models/core/transcript.ts';
import type { OutgoingStream } from '../transport/outgoing-stream.ts';
import type { RankFactory, SearchFactory } from './combiner-service.ts';
import { rankedResults } from './ranked-results.ts';
import type { RecognizerLink } from './recognizer-link.ts';
import type { RemoteSpeech } from './remote-speech.ts';

export interface SpeechMakers {
  readonly searchFor: SearchFactory;
  readonly rankFor?: RankFactory | undefined;
}

export interface SpeechCall {
  readonly options: TranscribeOptions;
  readonly deadlineMs: number | undefined;
  alphabet(): Promise<Alphabet>;
  readonly signal: AbortSignal;
  /** The language model cannot be had: nothing will come of the stream. */
  failed(error: AppError): void;
  readonly clock: Clock;
  /** As in RemoteSpeech. */
  readonly hold: boolean;
}

/** One stream of speech at a recognizer, whatever it proposes. */
export interface SpeechResults {
  readonly stream: OutgoingStream<UnitResult> | OutgoingStream<NBest>;
  /** In order. */
  readonly results: AsyncIterable<UnitResult>;
  /** Resolves after the last result. What this side has to remark is among its warnings. */
  readonly summary: Promise<RecognizerSummary>;
  sendAudio(samples: Float32Array): Promise<void>;
}

/** Opens it. Throws protocol_error for a recognizer that does not fit. */
export function openSpeechResults(recognizer: RecognizerLink, makers: SpeechMakers, call: SpeechCall): SpeechResults {
  const { name, kind } = recognizer.info!;
  const { options, deadlineMs, hold } = call;
  // A stepwise recognizer hears of warnings with each choice, and sums them up itself.
  if (kind === 'stepwise') return joined(searched(recognizer, makers.searchFor, call), (remote) => remote.results, []);
  if (kind === 'nbest' && makers.rankFor !== undefined) {
    const rank = Promise.resolve(makers.rankFor({ options, signal: call.signal }));
    rank.catch((error: unknown) => call.failed(AppError.from(error)));
    const remote = recognizer.openReadings(options, deadlineMs, hold);
    const warnings: Warning[] = [];
    const warn = (warning: Warning) => {
      if (!warnings.some(({ code, message }) => code === warning.code && message === warning.message)) {
        warnings.push(warning);
      }
    };
    const { signal, clock } = call;
    return joined(remote, ({ results }) => rankedResults(results, rank, options, { signal, clock, warn }), warnings);
  }
  const taken = makers.rankFor === undefined ? 'a stepwise one is' : 'a stepwise or an nbest one is';
  throw new AppError('protocol_error', `${name} is a ${kind} recognizer for speech; ${taken} needed.`);
}

function searched(recognizer: RecognizerLink, searchFor: SearchFactory, call: SpeechCall): RemoteSpeech<UnitResult> {
  const { options, deadlineMs, signal, hold } = call;
  // Begun at once, so that a language model loads while the recognizer hears its first window.
  const search = Promise.resolve(
    searchFor({ options, recognizer: recognizer.info!, alphabet: () => call.alphabet(), signal }),
  );
  search.catch((error: unknown) => call.failed(AppError.from(error)));
  const searchUnit: UnitSearch = async (source, unitSignal) => (await search)(source, unitSignal);
  return recognizer.openSpeech(options, deadlineMs, searchUnit, hold);
}

function joined<T extends UnitResult | NBest>(
  remote: RemoteSpeech<T>,
  results: (remote: RemoteSpeech<T>) => AsyncIterable<UnitResult>,
  warnings: readonly Warning[],
): SpeechResults {
  return {
    // T is one of the two.
    stream: remote.stream as SpeechResults['stream'],
    results: results(remote),
    get summary() {
      return remote.summary.then((summary) => ({ ...summary, warnings: [...summary.warnings, ...warnings] }));
    },
    sendAudio: (samples) => remote.sendAudio(samples),
  };
}
