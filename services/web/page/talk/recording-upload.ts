/** A recording that exists already: sent to `/v1/audio/transcriptions`, its utterances as they come. */
import type { Warning } from '../../../../models/core/stepwise.ts';
import { postForEvents } from '../service.ts';
import { windowUtterances } from './recording-window.ts';
import { ALTERNATIVES, type StreamWish } from './stream-events.ts';
import type { Utterance } from './utterance-list.ts';

const PATH = '/v1/audio/transcriptions';

export type RecordingNews =
  | { readonly kind: 'utterances'; readonly utterances: readonly Utterance[] }
  /** The last: the language of all of it, and what should be known of it. */
  | { readonly kind: 'done'; readonly language: string; readonly warnings: readonly Warning[] };

/** Throws as `postForEvents` does, and SyntaxError for an answer that cannot be understood. */
export async function* transcribeRecording(
  file: File,
  wish: StreamWish,
  signal: AbortSignal,
): AsyncGenerator<RecordingNews, void> {
  let count = 0;
  const language = wish.language === 'auto' ? '' : wish.language;
  for await (const event of postForEvents(PATH, formOf(file, wish), signal)) {
    if (event['type'] === 'transcript.text.delta') {
      const utterances = windowUtterances(event, count, language);
      count += utterances.length;
      yield { kind: 'utterances', utterances };
    } else if (event['type'] === 'transcript.text.done') {
      yield { kind: 'done', language: languageOf(event['languages']), warnings: warningsOf(event['warnings']) };
    }
  }
}

function formOf(file: File, { language, llmWeight, llmPrompt, keywords, script }: StreamWish): FormData {
  const form = new FormData();
  form.append('stream', 'true');
  form.append('response_format', 'verbose_json');
  form.append('timestamp_granularities[]', 'segment');
  form.append('timestamp_granularities[]', 'word');
  form.append('n_best', String(ALTERNATIVES));
  form.append('explain', 'true');
  form.append('language', language);
  if (script !== undefined) form.append('script', script);
  if (llmWeight !== undefined) form.append('llm_weight', String(llmWeight));
  if (llmPrompt !== undefined) form.append('llm_prompt', llmPrompt);
  for (const keyword of keywords ?? []) form.append('keywords[]', keyword);
  // Last, so that the service knows all wishes before the sound comes.
  form.append('file', file, file.name);
  return form;
}

function languageOf(raw: unknown): string {
  const code = Array.isArray(raw) ? (raw[0] as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' ? code : '';
}

function warningsOf(raw: unknown): Warning[] {
  const isWarning = (one: Warning | null) => typeof one?.code === 'string' && typeof one.message === 'string';
  return Array.isArray(raw) ? raw.filter(isWarning) : [];
}
