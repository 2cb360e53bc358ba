/** multipart/form-data by the byte, honest or not. */

export interface FormPart {
  readonly name: string;
  readonly value: string | Uint8Array;
  /** Makes it a file. */
  readonly filename?: string;
  readonly type?: string;
  /** Further headers, as lines. */
  readonly headers?: readonly string[];
}

export const BOUNDARY = 'toyboundary7f3a';

export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

export function formBody(parts: readonly FormPart[], closed = true): Buffer {
  const chunks = parts.flatMap(({ name, value, filename, type, headers = [] }) => [
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"` +
      `${filename === undefined ? '' : `; filename="${filename}"`}\r\n` +
      `${type === undefined ? '' : `content-type: ${type}\r\n`}${headers.map((line) => `${line}\r\n`).join('')}\r\n`,
    value,
    '\r\n',
  ]);
  return Buffer.concat([...chunks, closed ? `--${BOUNDARY}--\r\n` : ''].map((chunk) => Buffer.from(chunk)));
}

/** What `inject` takes: a form with a file and fields; a list gives a field several times. */
export function formRequest(
  url: string,
  file: Uint8Array,
  fields: Readonly<Record<string, string | readonly string[]>> = {},
  headers: Readonly<Record<string, string>> = {},
) {
  const values = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: one })));
  const parts = [{ name: 'file', value: file, filename: 'a.wav', type: 'audio/wav' }, ...values];
  return {
    method: 'POST' as const,
    url,
    headers: { host: 'localhost', 'content-type': FORM_TYPE, ...headers },
    payload: formBody(parts),
  };
}
