/**
 * Requests to the service that gave this page. A key is kept for this tab only (sessionStorage), and is asked for when the
 * service says that it wants one.
 */
import { eventsOf } from './events.ts';

const STORED_KEY = 'bytefuse.key';

/** What the service answered instead of a result: its code and its own sentence. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function storedKey(): string | null {
  return sessionStorage.getItem(STORED_KEY);
}

export function storeKey(key: string): void {
  if (key === '') sessionStorage.removeItem(STORED_KEY);
  else sessionStorage.setItem(STORED_KEY, key);
}

/** A form to one of the upload addresses. Throws ServiceError, AbortError, and TypeError where nobody answers. */
export async function post(path: string, form: FormData, signal: AbortSignal): Promise<Response> {
  const key = storedKey();
  const response = await fetch(path, {
    method: 'POST',
    body: form,
    signal,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  });
  if (!response.ok) throw await refusal(response);
  return response;
}

/** The same with the answer as events; an event of type `error` is thrown. */
export async function* postForEvents(
  path: string,
  form: FormData,
  signal: AbortSignal,
): AsyncGenerator<Readonly<Record<string, unknown>>, void> {
  const response = await post(path, form, signal);
  if (response.body === null) return;
  for await (const event of eventsOf(response.body)) {
    if (typeof event !== 'object' || event === null) continue;
    const fields = event as Readonly<Record<string, unknown>>;
    if (fields['type'] === 'error') throw errorOf(fields['error'], response.status);
    yield fields;
  }
}

async function refusal(response: Response): Promise<ServiceError> {
  try {
    const body = (await response.json()) as { error?: unknown };
    return errorOf(body.error, response.status);
  } catch {
    return new ServiceError('', '', response.status);
  }
}

function errorOf(raw: unknown, status: number): ServiceError {
  const { code, message } = (raw ?? {}) as { code?: unknown; message?: unknown };
  return new ServiceError(typeof code === 'string' ? code : '', typeof message === 'string' ? message : '', status);
}
