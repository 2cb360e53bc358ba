import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundaryOf, PartHeaders } from '../../../../services/http/part-headers.ts';
import { PART_HEADER_BYTES_MAX } from '../../../../services/server/limits.ts';
import { BOUNDARY, type FormPart, formBody } from '../../../support/form-body.ts';

const MAX = 4;
const lines = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: ${i}`);

function watch(body: Uint8Array, chunkBytes = body.length): void {
  const headers = new PartHeaders(BOUNDARY, MAX);
  for (let at = 0; at < body.length; at += chunkBytes) headers.note(body.subarray(at, at + chunkBytes));
}

/** A form whose second part has so many headers beside content-disposition. */
const form = (further: number, over: Partial<FormPart> = {}) =>
  formBody([
    {
      name: 'file',
      value: 'a\r\nx-1: in a body\r\nx-2: y\r\nx-3: y\r\nx-4: y\r\n\r\n',
      filename: 'a',
      headers: lines(MAX - 1),
    },
    { name: 'model', value: '', headers: lines(further), ...over },
    { name: 'prompt', value: 'b' },
  ]);

test('headers of a part: n are taken, n + 1 are not, however the bytes are cut', () => {
  for (const chunkBytes of [1, 2, 3, 7, 50, 10_000]) {
    watch(form(MAX - 1), chunkBytes);
    assert.throws(() => watch(form(MAX), chunkBytes), { code: 'form_malformed' }, `pieces of ${chunkBytes}`);
  }
});

test('a header that goes on in another line is one', () => {
  watch(form(MAX - 1, { headers: [...lines(MAX - 1), ' more', '\tand more'] }));
});

test('bytes of the headers of a part: n are taken, n + 1 are not, also of a line that does not end', () => {
  const padded = (pad: number) => form(0, { headers: [`x: ${'y'.repeat(pad)}`] });
  // With the ends of lines, that of the delimiter's among them.
  const overhead = '\r\ncontent-disposition: form-data; name="model"\r\nx: \r\n'.length;
  for (const chunkBytes of [100, 100_000]) {
    watch(padded(PART_HEADER_BYTES_MAX - overhead), chunkBytes);
    assert.throws(() => watch(padded(PART_HEADER_BYTES_MAX - overhead + 1), chunkBytes), { code: 'form_malformed' });
  }
  const endless = Buffer.from(`--${BOUNDARY}\r\nx: ${'y'.repeat(PART_HEADER_BYTES_MAX + 10)}`);
  assert.throws(() => watch(endless, 1000), { code: 'form_malformed' });
});

test('the boundary is found as clients write it', () => {
  assert.equal(boundaryOf('multipart/form-data; boundary=a-b'), 'a-b');
  assert.equal(boundaryOf('multipart/form-data;charset=x;Boundary="a b"'), 'a b');
  assert.equal(boundaryOf('multipart/form-data'), null);
});
