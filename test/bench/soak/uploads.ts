/** Clients that upload: recordings and documents, whole, canceled, or many at once. */
import { SeededRandom } from '../../../services/eval/random.ts';
import { FORM_TYPE, formBody } from '../../support/form-body.ts';
import { type Answer, type Exchange, exchange } from './http-client.ts';
import type { Entry } from './ledger.ts';
import { recording, type Upload } from './material.ts';
import type { Action } from './schedule.ts';
import { ENTRY_MS_MAX, type Target } from './target.ts';

/** Uploads at once in a burst: above those that run (2) and wait (4) here. */
const BURST = 10;
/** A client that cancels while it is answered does so within this time. */
const PATIENCE_MS_MAX = 2500;

export async function upload(target: Target, action: Action): Promise<void> {
  const { material } = target;
  const random = new SeededRandom(action.seed);
  const { kind } = action;
  switch (kind) {
    case 'transcription':
      return post(target, kind, transcription(recording(material, random), {}));
    case 'transcription-events':
      return post(target, kind, transcription(recording(material, random), { stream: 'true' }));
    case 'image': {
      const stream = random.below(3) === 0 ? { stream: 'true' } : {};
      return post(target, kind, document(material.images[random.below(material.images.length)]!, stream));
    }
    case 'pdf': {
      const fields = [{ format: 'pdf' }, { stream: 'true' }, { format: 'markdown' }][random.below(3)]!;
      return post(target, kind, document(material.pdf, { text_layer: 'never', ...fields }));
    }
    case 'upload-canceled': {
      const whole = transcription(recording(material, random), {});
      const bytes = Math.floor(action.share * whole.body!.length);
      return post(target, kind, { ...whole, breakOff: { bytes } });
    }
    case 'answer-canceled': {
      const whole =
        random.below(3) === 0
          ? document(material.pdf, { text_layer: 'never', stream: 'true' })
          : transcription(recording(material, random), random.below(2) === 0 ? { stream: 'true' } : {});
      return post(target, kind, { ...whole, breakOff: { ms: Math.floor(action.share * PATIENCE_MS_MAX) } });
    }
    case 'burst': {
      const requests = Array.from({ length: BURST }, () => transcription(recording(material, random), {}));
      await Promise.all(requests.map((request) => post(target, kind, request)));
    }
  }
}

/** A recording before the load begins: models that load when they are first asked are there then. */
export async function warmUp(target: Target): Promise<void> {
  const random = new SeededRandom(0);
  await post(target, 'warm-up', transcription(recording(target.material, random), {}));
  await post(target, 'warm-up', document(target.material.images.at(-1)!, {}));
  await post(target, 'warm-up', document(target.material.pdf, { text_layer: 'never' }));
}

async function post({ port, ledger }: Target, kind: string, request: Exchange): Promise<void> {
  const entry = ledger.enter(kind, ENTRY_MS_MAX);
  const answer = await Promise.race([exchange(port, request), entry.done().then(() => null)]);
  judge(entry, answer, request.breakOff !== undefined, (text) => ledger.finding(text));
}

/** What an answer says of its request; `broken`: we broke off. */
export function judge(entry: Entry, answer: Answer | null, broken: boolean, finding: (text: string) => void): void {
  if (answer === null || !answer.whole) {
    if (broken) {
      if (answer !== null) entry.accept();
      entry.canceled();
    } else entry.lost(answer === null ? 'the connection broke without an answer' : 'the answer broke off');
    return;
  }
  const { status, text } = answer;
  if (status >= 500 && status !== 503) finding(`${entry.kind}: status ${status}: ${text.slice(0, 300)}`);
  if (status >= 300) entry.refused(codeOf(text) ?? `http ${status}`);
  else {
    // Server-sent events hold their failure, for the status was sent before it.
    const failure = /^data: (\{"type":"error",.*\})$/m.exec(text)?.[1];
    if (failure !== undefined) entry.failed(codeOf(failure) ?? 'no code');
    else if (/^(data)?: /.test(text) && !/^data: \{"type":"(transcript\.text|document)\.done"/m.test(text)) {
      entry.lost('events without their last one');
    } else entry.answered();
  }
}

/** Code of an error body; undefined where it has none. */
function codeOf(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown } };
    return typeof error?.code === 'string' ? error.code : undefined;
  } catch {
    return undefined;
  }
}

function transcription(
  { language, ...file }: Upload & { readonly language: string },
  fields: Readonly<Record<string, string>>,
): Exchange {
  return form('/v1/audio/transcriptions', file, { language, ...fields });
}

function document(file: Upload, fields: Readonly<Record<string, string>>): Exchange {
  return form('/v1/documents', file, fields);
}

function form(path: string, { name, bytes }: Upload, fields: Readonly<Record<string, string>>): Exchange {
  const values = Object.entries(fields).map(([field, value]) => ({ name: field, value }));
  const body = formBody([...values, { name: 'file', value: bytes, filename: name }]);
  return { path, headers: { 'content-type': FORM_TYPE }, body };
}
