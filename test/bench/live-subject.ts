/** Live speech in this process: recognizer, voice detector, language model, on the audio's clock or the machine's. */
import { join } from 'node:path';
import { COMMIT_NUMBERS, commitPolicy, type PolicyNumbers } from '../../fusion/beam/agreed-prefix.ts';
import { ContextCache } from '../../fusion/bytes/context-cache.ts';
import { fusionSearch } from '../../fusion/gfd/search.ts';
import type { CommitPolicies, ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { UnitSearch } from '../../models/core/stepwise.ts';
import type { TranscribeOptions } from '../../models/core/transcript.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import { penalized } from '../../models/llm/row-distribution.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';
import { VoiceModel } from '../../models/vad/voice-detector.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';
import { CONVERTERS } from '../../services/app/ready-models.ts';
import type { BenchOptions } from './bench-options.ts';
import { modelFolders } from './model-folders.ts';
import { simplifiedCharacters } from './subject.ts';

/** What hears a stream: this process on the audio's clock, or the product with its workers in real time. */
export interface Listener {
  listen(input: AsyncIterable<LiveInput>, options: ListenOptions): AsyncGenerator<LiveEvent, unknown>;
}

export class LiveSubject implements Listener {
  readonly #recognizer: WhisperTranscriber;
  readonly #voice: VoiceModel;
  readonly #scorer: LlmScorer | null;
  readonly #contexts: ContextCache | null;
  readonly #scriptTable = simplifiedCharacters();
  readonly #numbers: { given: Partial<PolicyNumbers> };

  private constructor(
    recognizer: WhisperTranscriber,
    voice: VoiceModel,
    scorer: LlmScorer | null,
    numbers: { given: Partial<PolicyNumbers> },
  ) {
    this.#numbers = numbers;
    this.#recognizer = recognizer;
    this.#voice = voice;
    this.#scorer = scorer;
    this.#contexts = scorer && new ContextCache(scorer);
  }

  static async open(options: BenchOptions, fused: boolean): Promise<LiveSubject> {
    const { threads } = options;
    const folders = await modelFolders(options);
    const vadFolder = await openModelRoom({ converters: CONVERTERS }).ensure('silero-vad');
    const voice = await VoiceModel.open(join(vadFolder, 'silero_vad_16k_sequence.onnx'));
    const numbers = { given: {} };
    const policies: CommitPolicies = ({ policy }) =>
      commitPolicy(policy, { ...COMMIT_NUMBERS[policy], ...numbers.given });
    const recognizer = await WhisperTranscriber.open(folders.whisper, {
      threads,
      vad: voice,
      live: { policies, voices: (wanted) => voice.detector(wanted), nowMs: null },
    });
    const scorer = fused ? await LlmScorer.open(folders.llm, { threads }) : null;
    return new LiveSubject(recognizer, voice, scorer, numbers);
  }

  /** Numbers of the policy that the next streams go by, where they differ from its own. */
  set numbers(given: Partial<PolicyNumbers>) {
    this.#numbers.given = given;
  }

  listen(input: AsyncIterable<LiveInput>, options: ListenOptions): AsyncGenerator<LiveEvent, unknown> {
    return this.#recognizer.listen(input, options, this.#search(options), new AbortController().signal);
  }

  /** The same audio as a recording, by the recognizer alone and fused. */
  async offline(samples: Float32Array, language: string, llmWeight: number | undefined): Promise<string> {
    const options = { ...defaultTranscribeOptions, language, llmWeight };
    const audio = (async function* () {
      yield samples;
    })();
    const signal = new AbortController().signal;
    let text = '';
    for await (const unit of this.#recognizer.transcribe(audio, options, this.#search(options), signal)) {
      for (const segment of unit.segments) text += segment.text;
    }
    return text.trim();
  }

  async close(): Promise<void> {
    await this.#recognizer.dispose();
    await this.#voice.dispose();
    await this.#scorer?.dispose();
  }

  #search(options: TranscribeOptions): UnitSearch {
    const room = {
      contexts: this.#contexts,
      alphabet: this.#recognizer.alphabet,
      scriptTable: this.#scriptTable,
      reshape: penalized,
    };
    return fusionSearch(room, options);
  }
}

/** Options of one live clip: word times tell when a word was spoken. */
export function listenOptions(language: string, given: Partial<ListenOptions>): ListenOptions {
  return { ...defaultListenOptions, timestamps: 'word', language, ...given };
}
