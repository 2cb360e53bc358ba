/** One HTTP exchange on a connection of its own, which may be broken off at any place. */
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export interface Exchange {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Breaks off: after so many bytes of the body, or so long after all of it was sent. */
  readonly breakOff?: { readonly bytes: number } | { readonly ms: number };
}

/** An answer; `whole` is false where its connection broke before its end. `null`: there was none. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly whole: boolean;
}

/** Never rejects: a connection that breaks without an answer is `null`. */
export function exchange(port: number, wanted: Exchange): Promise<Answer | null> {
  const { method = 'POST', path, headers = {}, body = new Uint8Array(0), breakOff } = wanted;
  return new Promise((resolve) => {
    const sent = request({
      port,
      host: '127.0.0.1',
      method,
      path,
      agent: false,
      headers: { ...(method === 'GET' ? {} : { 'content-length': String(body.length) }), ...headers },
    });
    let began = false;
    sent.on('error', () => {
      if (!began) resolve(null);
    });
    sent.on('close', () => {
      if (!began) resolve(null);
    });
    sent.on('response', (response) => {
      began = true;
      let text = '';
      const end = () => resolve({ status: response.statusCode!, text, whole: response.complete });
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', end);
      response.on('end', end);
      response.on('close', end);
    });
    if (breakOff === undefined) sent.end(body);
    else if ('bytes' in breakOff) {
      sent.write(body.subarray(0, breakOff.bytes));
      void setTimeout(BREAK_MS).then(() => sent.destroy());
    } else {
      sent.end(body);
      void setTimeout(breakOff.ms).then(() => sent.destroy());
    }
  });
}

/** Time for the bytes before a break to arrive. */
const BREAK_MS = 200;
