/** A recording that exists already: sent to `/v1/audio/transcriptions`, its text as it grows, its files on demand. */
import { post, postForEvents } from '../service.ts';
import type { StreamWish } from './stream-events.ts';

const PATH = '/v1/audio/transcriptions';

export interface RecordingText {
  readonly text: string;
  /** '' until the end. */
  readonly language: string;
  readonly isDone: boolean;
}

/** The text so far, each time that it grew. Throws as `postForEvents` does. */
export async function* transcribeRecording(
  file: File,
  wish: StreamWish,
  signal: AbortSignal,
): AsyncGenerator<RecordingText, void> {
  const form = formOf(file, wish);
  form.append('stream', 'true');
  let text = '';
  for await (const event of postForEvents(PATH, form, signal)) {
    if (event['type'] === 'transcript.text.delta' && typeof event['delta'] === 'string') {
      text += event['delta'];
      yield { text, language: '', isDone: false };
    } else if (event['type'] === 'transcript.text.done' && typeof event['text'] === 'string') {
      yield { text: event['text'], language: languageOf(event['languages']), isDone: true };
    }
  }
}

/** The stream of events has no times, so files that need them are asked for on their own. */
export async function recordingFile(
  file: File,
  wish: StreamWish,
  format: 'srt' | 'verbose_json',
  signal: AbortSignal,
): Promise<Blob> {
  const form = formOf(file, wish);
  form.append('response_format', format);
  if (format === 'verbose_json') {
    form.append('timestamp_granularities[]', 'segment');
    form.append('timestamp_granularities[]', 'word');
    form.append('explain', 'true');
  }
  return (await post(PATH, form, signal)).blob();
}

function formOf(file: File, { language, llmWeight, llmPrompt, keywords, script }: StreamWish): FormData {
  const form = new FormData();
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
