/** What goes over `/v1/stream`, as docs/streaming.md has it, and the check of what comes back. */
import type { FusionChange } from '../../../../models/core/stepwise.ts';
import type { Word } from '../../../../models/core/transcript.ts';

/** Settings of one stream that a person chooses. Absent fields are left to the service. */
export interface StreamWish {
  readonly language: string;
  readonly llmWeight?: number;
  readonly llmPrompt?: string;
  readonly keywords?: readonly string[];
  readonly script?: 'hans' | 'hant' | 'keep';
}

/** Readings asked for: as many as one compares at a glance. */
export const ALTERNATIVES = 4;

export type Stage = 'recognized' | 'fused' | 'corrected';
export const STAGES: readonly Stage[] = ['recognized', 'fused', 'corrected'];

export interface Alternative {
  readonly text: string;
  /** Natural logs; the language model's is absent where it took no part. */
  readonly recognizerLogProb: number;
  readonly llmLogProb?: number;
}

export interface HypothesisEvent {
  readonly type: 'hypothesis';
  readonly utterance: number;
  readonly revision: number;
  readonly stage: Stage;
  readonly final: boolean;
  readonly text: string;
  /** UTF-16 units at the start of `text` that will not change. */
  readonly committed: number;
  /** Seconds from the start of the stream; `endS` of an utterance that runs is the end of what was heard. */
  readonly startS: number;
  readonly endS: number;
  readonly words?: readonly Word[];
  readonly alternatives?: readonly Alternative[];
  readonly changes?: readonly FusionChange[];
  readonly degraded?: true;
  readonly language?: string;
}

export type StreamEvent =
  /** `audioReceivedBytes`: how much of the audio arrived, counted from the first of the stream. */
  | { readonly type: 'ready'; readonly resumeToken: string; readonly audioReceivedBytes: number }
  | { readonly type: 'speech_start'; readonly utterance: number; readonly startS: number }
  | { readonly type: 'speech_end'; readonly utterance: number; readonly endS: number }
  | HypothesisEvent
  | { readonly type: 'lag'; readonly lagMs: number }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly retry: boolean }
  | { readonly type: 'end' };

const REQUIRED: Readonly<Record<StreamEvent['type'], Readonly<Record<string, 'string' | 'number' | 'boolean'>>>> = {
  ready: { resumeToken: 'string', audioReceivedBytes: 'number' },
  speech_start: { utterance: 'number', startS: 'number' },
  speech_end: { utterance: 'number', endS: 'number' },
  hypothesis: {
    utterance: 'number',
    revision: 'number',
    stage: 'string',
    final: 'boolean',
    text: 'string',
    committed: 'number',
    startS: 'number',
    endS: 'number',
  },
  lag: { lagMs: 'number' },
  warning: { code: 'string', message: 'string' },
  error: { code: 'string', message: 'string' },
  end: {},
};

/**
 * The event of a text frame with its number; null for frames of kinds that this page does not know, since services may
 * grow new ones. Throws SyntaxError where the frame is no JSON or lacks a field that its kind has.
 */
export function parseStreamEvent(frame: string): { readonly seq: number; readonly event: StreamEvent } | null {
  const value: unknown = JSON.parse(frame);
  if (typeof value !== 'object' || value === null) throw new SyntaxError('an event is no object');
  const fields = value as Readonly<Record<string, unknown>>;
  const { type, seq } = fields;
  if (typeof type !== 'string' || !Object.hasOwn(REQUIRED, type)) return null;
  if (typeof seq !== 'number') throw new SyntaxError(`${type} has no seq`);
  // Known just above.
  for (const [name, kind] of Object.entries(REQUIRED[type as StreamEvent['type']])) {
    if (typeof fields[name] !== kind) throw new SyntaxError(`${type} has no ${name}`);
  }
  if (type === 'hypothesis' && !STAGES.includes(fields['stage'] as Stage)) throw new SyntaxError('a stage is unknown');
  for (const name of ['words', 'alternatives', 'changes']) {
    if (fields[name] !== undefined && !Array.isArray(fields[name])) throw new SyntaxError(`${name} is no list`);
  }
  // Its fields were checked; lists come from the service that gave the page and are only ever shown as text.
  return { seq, event: value as StreamEvent };
}
