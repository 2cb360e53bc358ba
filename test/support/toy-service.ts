/** The HTTP service over toy models: recordings of tones, pages without pixels. No port, no weights. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { DocumentPage } from '../../models/core/document.ts';
import type { TranscribeOptions, Transcript, UnitResult } from '../../models/core/transcript.ts';
import { type Bytefuse, bytefuseOver, type EngineFacts, type ReadRequest } from '../../services/app/bytefuse.ts';
import type { EngineCall } from '../../services/app/engine.ts';
import { buildApp, type ServiceParts } from '../../services/http/app.ts';
import { defaultServiceConfig, type ServiceConfig, type ServiceLimits } from '../../services/server/config.ts';
import { LoadingDoor, type TokenPieces } from '../../services/server/engine-door.ts';
import { TOY_DOCUMENT } from './toy-document.ts';
import { segment, spreadWords, transcript, unit } from './toy-transcript.ts';
import { toneBytes, wavBytes } from './wav-bytes.ts';

export const TOY_FACTS: EngineFacts = {
  recognizer: 'toy-speech',
  pages: 'toy-pages',
  llm: 'toy-llm',
  device: 'cpu',
  providers: { recognizer: ['cuda', 'cpu'], pages: ['cpu'], llm: ['cpu'] },
  threads: 1,
};

const RATE = 16_000;

/** What tests do to the toy. */
export interface ToyServiceControl {
  /** Runs before each unit; may wait or throw. */
  readonly beforeUnit?: (index: number, signal: AbortSignal) => Promise<void> | void;
  readonly beforePage?: (index: number, signal: AbortSignal | undefined) => Promise<void> | void;
  readonly pages?: readonly DocumentPage[];
}

/** What reached the toy. */
export interface ToyLog {
  options: TranscribeOptions[];
  reads: ReadRequest[];
  /** Calls under way, and the most there were at once. */
  running: number;
  runningMax: number;
  aborted: number;
  samples: number;
}

/** Hears one word in each second: ` w0`, ` w1`, ... Tokens are 1000 + the number, after a timestamp token 9000. */
export function toyBytefuse(control: ToyServiceControl = {}) {
  const log: ToyLog = { options: [], reads: [], running: 0, runningMax: 0, aborted: 0, samples: 0 };
  const enter = (): void => {
    log.running++;
    log.runningMax = Math.max(log.runningMax, log.running);
  };
  const hear = async (
    audio: AsyncIterable<Float32Array>,
    options: TranscribeOptions,
    { signal, onPartial }: EngineCall,
  ): Promise<Transcript> => {
    log.options.push(options);
    const units: UnitResult[] = [];
    let samples = 0;
    for await (const chunk of audio) {
      samples += chunk.length;
      log.samples += chunk.length;
      while (samples >= RATE * (units.length + 1)) {
        await control.beforeUnit?.(units.length, signal);
        signal.throwIfAborted();
        units.push(toyUnit(units.length, options));
        onPartial(units.at(-1)!);
      }
    }
    const segments = units.flatMap((one) => one.segments);
    const { task, language } = options;
    const heard = language === 'auto' ? 'en' : language;
    return transcript(segments, { task, language: heard, duration: samples / RATE, units });
  };
  const over = bytefuseOver({
    facts: TOY_FACTS,
    async transcribe(audio, options, call) {
      enter();
      try {
        return await hear(audio, options, call);
      } catch (error) {
        if (call.signal.aborted) log.aborted++;
        throw error;
      } finally {
        log.running--;
      }
    },
    listen: () => {
      throw new Error('nobody speaks live here');
    },
    read: () => {
      throw new Error('pages are read by the toy itself');
    },

    close: async () => {},
  });
  const bytefuse: Bytefuse = {
    ...over,
    async *read(_, request = {}, { signal } = {}) {
      log.reads.push(request);
      enter();
      try {
        for (const [i, page] of (control.pages ?? TOY_DOCUMENT.pages).entries()) {
          await control.beforePage?.(i, signal);
          signal?.throwIfAborted();
          yield { page, image: { width: 80, height: 60, rgb: new Uint8Array(80 * 60 * 3).fill(255) } };
        }
      } finally {
        if (signal?.aborted) log.aborted++;
        log.running--;
      }
    },
  };
  return { bytefuse, log };
}

function toyUnit(index: number, options: TranscribeOptions): UnitResult {
  const text = ` w${index}`;
  const words = options.timestamps === 'word' ? { words: spreadWords(index, index + 1, [text]) } : {};
  const one = segment(index, index + 1, text, { id: index, tokens: [1000 + index], ...words });
  const hypothesis = {
    tokens: [9000, 1000 + index, 1999],
    tokenLogProbs: [-0.1, -0.25, -3],
    recognizerLogProb: -3.35,
    ended: true,
    text,
  };
  return { ...unit([one]), hypotheses: [hypothesis] };
}

/** Spells the toy's tokens; 9000 is special. */
export const TOY_TOKEN_PIECES: TokenPieces = {
  size: 10_000,
  bytesOf: (id) => (id >= 9000 ? new Uint8Array(0) : new TextEncoder().encode(` w${id - 1000}`)),
};

export interface ToyServiceOptions extends ToyServiceControl {
  readonly limits?: Partial<ServiceLimits>;
  readonly config?: Partial<ServiceConfig>;
  readonly parts?: Partial<Omit<ServiceParts, 'config'>>;
  readonly clock?: Clock;
  readonly loading?: boolean;
}

export async function toyService(options: ToyServiceOptions = {}) {
  const { bytefuse, log } = toyBytefuse(options);
  const door = new LoadingDoor();
  if (options.loading !== true) door.ready(bytefuse, TOY_TOKEN_PIECES);
  const limits = { ...defaultServiceConfig.limits, ...options.limits };
  const app: FastifyInstance = await buildApp({
    engine: door,
    keys: null,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...options.parts,
    config: { ...defaultServiceConfig, ...options.config, limits },
  });
  return { app, log, door, bytefuse };
}

/** A tone of so many seconds as WAV. */
export function toyWav(seconds: number): Buffer {
  return wavBytes({ data: toneBytes(seconds) });
}

/** The smallest picture that is known by its content: the head of a PNG. */
export const TOY_PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');
