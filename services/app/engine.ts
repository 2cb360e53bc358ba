import type { FinalSummary } from '../../fusion/protocol/messages.ts';
import type { AppError } from '../../models/core/app-error.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { Raster, ReadOptions } from '../../models/core/page.ts';
import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';
import type { ReadPage } from '../combiner/combiner-client.ts';
import type { FuseOpeners } from '../combiner/fuse-stream.ts';
import type { Channel } from '../transport/channel.ts';

/** What runs where: for people and logs. */
export interface EngineFacts {
  /** Recognizer of speech; null where none is loaded. */
  readonly recognizer: string | null;
  /** Recognizer of pages; null where none is loaded. */
  readonly pages: string | null;
  /** Null where no language model is loaded. */
  readonly llm: string | null;
  readonly device: string;
  /**
   * ONNX Runtime's execution providers of each model, first choice first. Absent where they are not known: of a recognizer that
   * runs elsewhere.
   */
  readonly providers?: ModelProviders;
  /** Threads that all models share. */
  readonly threads: number;
}

export type ModelProviders = Readonly<Partial<Record<'recognizer' | 'pages' | 'llm', readonly string[]>>>;

export interface EngineCall {
  readonly signal: AbortSignal;
  /** Called as each unit is done, in order. */
  readonly onPartial: (unit: UnitResult) => void;
  /** Present where the audio can be had again: the call then outlives the crash of a model process. */
  readonly repeatable?: RepeatableAudio | undefined;
}

/** Audio whose source is still there, such as a file. */
export interface RepeatableAudio {
  /** The same samples from the start. */
  again(): AsyncIterable<Float32Array>;
  /** Equal for equal inputs, of other calls as well: one that crashes processes is recognized by it. */
  identity(): Promise<string>;
}

/** Recognizers and combiner behind one door. Several calls may run at once; what goes in is pulled as it is needed. */
export interface Engine {
  readonly facts: EngineFacts;
  /** Audio in (16 kHz mono), transcript out. */
  transcribe(audio: AsyncIterable<Float32Array>, options: TranscribeOptions, call: EngineCall): Promise<Transcript>;
  /** Audio in as it is spoken, what is heard of it out, in stages (models/core/live.ts). */
  listen(
    audio: AsyncIterable<LiveInput>,
    options: ListenOptions,
    call: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<LiveEvent, FinalSummary>;
  /**
   * Why `listen` would refuse one more stream now, whatever its options; null where it would take one, or nobody can say. May take
   * as long as one inference. Absent where the recognizer is elsewhere.
   */
  liveRefusal?(): Promise<AppError | null>;
  /** Takes a recognizer that brings its own input and wants its text back. Absent where no combiner can be reached so. */
  fuse?(recognizer: Channel, openers: FuseOpeners): void;
  /** Pages in, their lines out, in order. */
  read(
    images: AsyncIterable<Raster>,
    options: ReadOptions,
    call: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<ReadPage, void>;
  /** True while a part is away and what comes back lacks its work, as the language model's. */
  isDegraded?(): boolean;
  close(): Promise<void>;
}
