import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { ERRORS } from '../../../../models/core/app-error.ts';
import { TRANSCRIPTION_FIELDS } from '../../../../services/http/transcription-fields.ts';
import type { ApiKey, Scope } from '../../../../services/keys/api-key.ts';
import {
  HANDLER_MS_MAX,
  HEADERS_MS_MAX,
  PART_HEADERS_MAX,
  REQUEST_MS_MAX,
} from '../../../../services/server/limits.ts';
import { webRoutes } from '../../../../services/web/web-routes.ts';
import { FORM_TYPE, formBody, formRequest } from '../../../support/form-body.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { TOY_FACTS, toyService, toyWav } from '../../../support/toy-service.ts';

const URL = '/v1/audio/transcriptions';
const WAV = toyWav(1);
const local = { host: 'localhost:8080' };

/** Keys by what is presented. */
function toyKeys(keys: Readonly<Record<string, Partial<ApiKey>>>) {
  return {
    find: async (presented: string): Promise<ApiKey | null> => {
      const found = keys[presented];
      if (found === undefined) return null;
      return { id: presented, name: '', hash: '', scopes: [], limits: {}, createdAt: '', ...found };
    },
    holds: async () => true,
  };
}

const scoped = (...scopes: Scope[]) => ({ scopes });

test('every answer has an id, and the client’s own where it is one', async () => {
  const { app } = await toyService();
  const own = await app.inject({ url: '/healthz', headers: { ...local, 'x-request-id': 'abc-1' } });
  assert.equal(own.headers['x-request-id'], 'abc-1');
  const forged = await app.inject({ url: '/nowhere', headers: { ...local, 'x-request-id': 'a\tb "c"' } });
  assert.match(String(forged.headers['x-request-id']), /^[0-9a-f-]{36}$/);
});

test('an unknown address is 404, a known one with another method 405, in the shape of all errors', async () => {
  const { app } = await toyService();
  const nowhere = await app.inject({ url: '/v1/nothing?x=1', headers: local });
  assert.equal(nowhere.statusCode, 404);
  assert.deepEqual(Object.keys(nowhere.json().error), ['message', 'type', 'param', 'code']);
  assert.equal(nowhere.json().error.code, 'not_found');
  const get = await app.inject({ url: URL, headers: local });
  assert.equal(get.statusCode, 405);
  assert.equal(get.headers['allow'], 'POST');
  const del = await app.inject({ method: 'DELETE', url: '/v1/models/x', headers: local });
  assert.equal(del.statusCode, 405);
  assert.equal(del.headers['allow'], 'GET, HEAD');
});

test('an address that cannot be decoded is refused in the same shape', async () => {
  const { app } = await toyService();
  const answer = await app.inject({ url: '/v1/models/%E0%A4%A', headers: local });
  assert.equal(answer.statusCode, 400);
  assert.equal(answer.json().error.code, 'invalid_option');
  assert.ok(answer.headers['x-request-id']);
});

test('every answer carries the security headers, refusals too', async () => {
  const { app } = await toyService();
  for (const url of ['/healthz', '/nowhere', '/docs', '/openapi.json']) {
    const { headers } = await app.inject({ url, headers: local });
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['x-frame-options'], 'DENY', url);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/, url);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/, url);
  }
});

test('names of other sites are refused: they may lead here without their owner’s knowledge', async () => {
  const { app } = await toyService({ config: { allowHosts: ['speech.example'] } });
  const of = async (host: string) => (await app.inject({ url: '/healthz', headers: { host } })).statusCode;
  for (const host of [
    'localhost',
    'localhost:1',
    '127.0.0.1:8080',
    '[::1]:8080',
    '127.5.5.5',
    'speech.example',
    'SPEECH.example:80',
  ]) {
    assert.equal(await of(host), 200, host);
  }
  for (const host of ['evil.example', '10.0.0.1', 'localhost.evil.example', 'a b', '[::1', 'x'.repeat(300)]) {
    assert.equal(await of(host), 403, host);
  }
});

test('a service for other machines is called by its address; names have to be allowed', async () => {
  const { app } = await toyService({ config: { host: '0.0.0.0' }, parts: { keys: toyKeys({}) } });
  const of = async (host: string) => (await app.inject({ url: '/healthz', headers: { host } })).statusCode;
  assert.equal(await of('10.0.0.1:8080'), 200);
  assert.equal(await of('[2001:db8::1]'), 200);
  assert.equal(await of('evil.example'), 403);
});

test('pages of other sites may not call unless they are allowed', async () => {
  const { app } = await toyService({ config: { corsOrigins: ['https://app.example'] } });
  const of = (origin: string) => app.inject({ url: '/v1/models', headers: { ...local, origin } });
  for (const origin of ['https://evil.example', 'null', 'http://localhost:9999']) {
    const refused = await of(origin);
    assert.equal(refused.statusCode, 403, origin);
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
  }
  const allowed = await of('https://app.example');
  assert.equal(allowed.statusCode, 200);
  assert.equal(allowed.headers['access-control-allow-origin'], 'https://app.example');
  const own = await of('http://localhost:8080');
  assert.equal(own.statusCode, 200);
  assert.equal(own.headers['access-control-allow-origin'], undefined);
  const upload = await app.inject(formRequest(URL, WAV, {}, { origin: 'https://evil.example' }));
  assert.equal(upload.statusCode, 403);
});

test('a browser that asks first is answered', async () => {
  const { app } = await toyService({ config: { corsOrigins: ['https://app.example'] } });
  const headers = { ...local, origin: 'https://app.example', 'access-control-request-method': 'POST' };
  const asked = await app.inject({ method: 'OPTIONS', url: URL, headers });
  assert.equal(asked.statusCode, 204);
  assert.match(String(asked.headers['access-control-allow-headers']), /authorization/);
  const foreign = { ...headers, origin: 'https://evil.example' };
  assert.equal((await app.inject({ method: 'OPTIONS', url: URL, headers: foreign })).statusCode, 403);
});

test('compressed bodies are not taken', async () => {
  const { app } = await toyService();
  const answer = await app.inject(formRequest(URL, WAV, {}, { 'content-encoding': 'gzip' }));
  assert.equal(answer.statusCode, 415);
  assert.equal(answer.json().error.code, 'media_type_unsupported');
  const identity = await app.inject(formRequest(URL, WAV, {}, { 'content-encoding': 'identity' }));
  assert.equal(identity.statusCode, 200);
});

test('with keys: none is 401, an unknown one too, one without the scope 403', async () => {
  const keys = toyKeys({ hears: scoped('transcribe'), reads: scoped('read'), all: scoped('admin') });
  const { app } = await toyService({ parts: { keys } });
  const of = async (headers: Readonly<Record<string, string>>) => app.inject(formRequest(URL, WAV, {}, headers));
  const none = await of({});
  assert.deepEqual([none.statusCode, none.json().error.type], [401, 'authentication_error']);
  assert.equal(none.headers['www-authenticate'], 'Bearer');
  assert.equal((await of({ authorization: 'Bearer wrong' })).statusCode, 401);
  assert.equal((await of({ authorization: 'Basic hears' })).statusCode, 401);
  const other = await of({ 'x-api-key': 'reads' });
  assert.deepEqual([other.statusCode, other.json().error.type], [403, 'permission_error']);
  assert.equal((await of({ authorization: 'Bearer hears' })).statusCode, 200);
  assert.equal((await of({ 'x-api-key': 'hears' })).statusCode, 200);
  assert.equal((await of({ authorization: 'bearer all' })).statusCode, 200);
  const models = (key: string) => app.inject({ url: '/v1/models', headers: { ...local, 'x-api-key': key } });
  assert.equal((await models('reads')).statusCode, 200);
  assert.equal((await models('wrong')).statusCode, 401);
  const metrics = (key: string) => app.inject({ url: '/metrics', headers: { ...local, 'x-api-key': key } });
  assert.equal((await metrics('reads')).statusCode, 403);
  assert.equal((await metrics('all')).statusCode, 200);
  assert.equal((await app.inject({ url: '/healthz', headers: local })).statusCode, 200);
});

test('without a key /readyz says whether, and not what', async () => {
  const keys = toyKeys({ k: scoped('read') });
  const { app } = await toyService({ parts: { keys } });
  const bare = await app.inject({ url: '/readyz', headers: local });
  assert.deepEqual(bare.json(), { status: 'ready' });
  const known = await app.inject({ url: '/readyz', headers: { ...local, 'x-api-key': 'k' } });
  assert.equal(known.json().models.recognizer, 'toy-speech');
});

test('a key has so many requests a minute, and the next is told when', async () => {
  const clock = new ManualClock();
  const keys = toyKeys({ a: { limits: { requestsPerMinute: 2 } }, b: {} });
  const { app } = await toyService({ clock, parts: { keys } });
  const of = (key: string) => app.inject({ url: '/v1/models', headers: { ...local, 'x-api-key': key } });
  assert.deepEqual([(await of('a')).statusCode, (await of('a')).statusCode], [200, 200]);
  const third = await of('a');
  assert.equal(third.statusCode, 429);
  assert.equal(third.json().error.type, 'rate_limit_error');
  assert.equal(third.headers['retry-after'], '30');
  assert.equal((await of('b')).statusCode, 200);
  clock.advance(30_000);
  assert.equal((await of('a')).statusCode, 200);
});

test('a key has so many seconds of audio an hour, decoded', async () => {
  const keys = toyKeys({ a: { scopes: ['transcribe'], limits: { audioSecondsPerHour: 2 } } });
  const { app } = await toyService({ clock: new ManualClock(), parts: { keys } });
  const of = (seconds: number) => app.inject(formRequest(URL, toyWav(seconds), {}, { 'x-api-key': 'a' }));
  assert.equal((await of(2)).statusCode, 200);
  const over = await of(1);
  assert.equal(over.statusCode, 429, over.payload);
  assert.ok(Number(over.headers['retry-after']) > 0);
});

test('while models load, work is refused with 503 and when to try again', async () => {
  const { app, door, bytefuse } = await toyService({ loading: true });
  const ready = await app.inject({ url: '/readyz', headers: local });
  assert.deepEqual([ready.statusCode, ready.json().status], [503, 'loading']);
  const early = await app.inject(formRequest(URL, WAV));
  assert.deepEqual([early.statusCode, early.json().error.code, early.headers['retry-after']], [503, 'not_ready', '5']);
  assert.equal((await app.inject({ url: '/healthz', headers: local })).statusCode, 200);
  door.ready(bytefuse);
  assert.equal((await app.inject({ url: '/readyz', headers: local })).statusCode, 200);
  assert.equal((await app.inject(formRequest(URL, WAV))).statusCode, 200);
});

test('/readyz says which models run, and on what', async () => {
  const { app } = await toyService();
  const { models, queues, version } = (await app.inject({ url: '/readyz', headers: local })).json();
  assert.deepEqual(models, TOY_FACTS);
  assert.deepEqual(queues, { speech: { running: 0, waiting: 0 }, page: { running: 0, waiting: 0 } });
  assert.equal(version, '0.0.0');
});

test('models are listed, with the alias', async () => {
  const { app } = await toyService();
  const list = (await app.inject({ url: '/v1/models', headers: local })).json();
  assert.deepEqual(
    list.data.map(({ id, object, root }: Record<string, string>) => [id, object, root]),
    [
      ['toy-speech', 'model', 'toy-speech'],
      ['whisper-1', 'model', 'toy-speech'],
      ['toy-pages', 'model', 'toy-pages'],
    ],
  );
  assert.equal((await app.inject({ url: '/v1/models/whisper-1', headers: local })).json().root, 'toy-speech');
  const missing = await app.inject({ url: '/v1/models/gpt', headers: local });
  assert.deepEqual([missing.statusCode, missing.json().error.param], [404, 'model']);
});

test('bytes of an upload: n is taken, n + 1 is not', async () => {
  for (const [uploadBytesMax, status] of [
    [WAV.length, 200],
    [WAV.length - 1, 413],
  ] as const) {
    const { app } = await toyService({ limits: { uploadBytesMax } });
    const answer = await app.inject(formRequest(URL, WAV));
    assert.equal(answer.statusCode, status, answer.payload);
    if (status === 413) assert.equal(answer.json().error.code, 'payload_too_large');
  }
});

test('a body that says it is too long is refused before it is read', async () => {
  const limits = { uploadBytesMax: 1000, fieldsMax: 1, fieldBytesMax: 10 };
  const { app, log } = await toyService({ limits });
  const answer = await app.inject(formRequest(URL, Buffer.alloc(400_000)));
  assert.equal(answer.statusCode, 413);
  assert.match(answer.json().error.message, /the limit is 1000/);
  assert.equal(log.options.length, 0);
});

test('what stands around the parts counts as well', async () => {
  const limits = { uploadBytesMax: 100, fieldsMax: 1, fieldBytesMax: 10 };
  const { app } = await toyService({ limits });
  const body = new PassThrough();
  body.end(Buffer.concat([Buffer.alloc(300_000, 'x'), formBody([])]));
  const headers = { host: 'localhost', 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' };
  const answer = await app.inject({ method: 'POST', url: URL, headers, payload: body });
  assert.equal(answer.statusCode, 413, answer.payload);
});

test('number of fields, bytes of a field and of its name: n is taken, n + 1 is not', async () => {
  const of = async (limits: object, fields: Record<string, string | string[]>) => {
    const { app } = await toyService({ limits });
    const answer = await app.inject(formRequest(URL, WAV, fields));
    await app.close();
    return answer;
  };
  const words = (n: number) => ({ 'keywords[]': Array.from({ length: n }, (_, i) => `k${i}`) });
  assert.equal((await of({ fieldsMax: 5 }, words(5))).statusCode, 200);
  const many = await of({ fieldsMax: 5 }, words(6));
  assert.deepEqual([many.statusCode, many.json().error.code], [413, 'payload_too_large']);
  assert.equal((await of({ fieldBytesMax: 20 }, { prompt: 'x'.repeat(20) })).statusCode, 200);
  const long = await of({ fieldBytesMax: 20 }, { prompt: 'x'.repeat(21) });
  assert.deepEqual([long.statusCode, long.json().error.param], [413, 'prompt']);
  assert.equal((await of({ fieldNameBytesMax: 6 }, { prompt: 'x' })).statusCode, 200);
  assert.equal((await of({ fieldNameBytesMax: 5 }, { prompt: 'x' })).statusCode, 413);
});

test('headers of a part of a form: n are taken, n + 1 are refused, not cut off', async () => {
  const of = async (count: number) => {
    const { app, log } = await toyService();
    const further = Array.from({ length: count - 1 }, (_, i) => `x-${i}: ${i}`);
    const payload = formBody([
      { name: 'file', value: WAV, filename: 'a.wav' },
      { name: 'prompt', value: 'p', headers: further },
    ]);
    const headers = { ...local, 'content-type': FORM_TYPE };
    const answer = await app.inject({ method: 'POST', url: URL, headers, payload });
    await app.close();
    return { answer, asked: log.options.length };
  };
  const most = await of(PART_HEADERS_MAX);
  assert.equal(most.answer.statusCode, 200, most.answer.payload);
  const { answer, asked } = await of(PART_HEADERS_MAX + 1);
  assert.deepEqual([answer.statusCode, answer.json().error.code, asked], [400, 'form_malformed', 0]);
});

test('the times that Node looks after are those of the limits', async () => {
  const limits = { headersMsMax: 111, requestMsMax: 222, deadlineMsMax: 333, keepAliveMs: 444 };
  const { app } = await toyService({ limits });
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = app.server;
  assert.deepEqual([headersTimeout, requestTimeout, timeout, keepAliveTimeout], [111, 222, 555, 444]);
  const { app: usual } = await toyService();
  assert.deepEqual([usual.server.headersTimeout, usual.server.requestTimeout], [HEADERS_MS_MAX, REQUEST_MS_MAX]);
  // No timer of Node is longer.
  const { app: patient } = await toyService({ limits: { deadlineMsMax: 1e12 } });
  assert.equal(patient.server.timeout, 2 ** 31 - 1);
});

test('an answer that never comes is given up, with a code of ours', async () => {
  const { app } = await toyService({
    parts: {
      routes: (scope) => {
        scope.get('/stuck', { handlerTimeout: 20 }, () => new Promise(() => {}));
        scope.get('/plain', (request) => ({ handlerTimeout: request.routeOptions.handlerTimeout }));
      },
    },
  });
  const answer = await app.inject({ url: '/stuck', headers: local });
  assert.deepEqual([answer.statusCode, answer.json().error.code], [504, 'deadline_exceeded']);
  assert.deepEqual((await app.inject({ url: '/plain', headers: local })).json(), { handlerTimeout: HANDLER_MS_MAX });
});

test('characters of an address: n is taken, n + 1 is not', async () => {
  const { app } = await toyService({ limits: { urlCharsMax: 20 } });
  const of = async (n: number) =>
    (await app.inject({ url: `/healthz?${'x'.repeat(n - '/healthz?'.length)}`, headers: local })).statusCode;
  assert.deepEqual([await of(20), await of(21)], [200, 413]);
});

test('requests at once: n are taken, n + 1 is told to come back', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { app, log } = await toyService({ limits: { requestsMax: 2 }, beforeUnit: () => held });
  const running = [app.inject(formRequest(URL, WAV)), app.inject(formRequest(URL, WAV))];
  await until(() => log.running === 2);
  const third = await app.inject(formRequest(URL, WAV));
  assert.deepEqual([third.statusCode, third.json().error.code], [503, 'overloaded']);
  assert.ok(Number(third.headers['retry-after']) >= 1);
  release();
  assert.deepEqual(
    (await Promise.all(running)).map(({ statusCode }) => statusCode),
    [200, 200],
  );
  // A request holds its place until its file is removed, which may be just after its answer.
  await until(async () => (await app.inject(formRequest(URL, WAV))).statusCode === 200);
});

test('a full queue refuses at once; what waits is served in its turn', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const limits = { runningMax: 1, waitingMax: 1 };
  const { app, log } = await toyService({ limits, beforeUnit: () => held });
  const running = app.inject(formRequest(URL, WAV));
  await until(() => log.running === 1);
  const waiting = app.inject(formRequest(URL, WAV));
  const depth = async () => (await app.inject({ url: '/readyz', headers: local })).json().queues.speech;
  await until(async () => (await depth()).waiting === 1);
  const refused = await app.inject(formRequest(URL, WAV));
  assert.deepEqual([refused.statusCode, refused.json().error.code], [503, 'overloaded']);
  release();
  assert.equal((await running).statusCode, 200);
  assert.equal((await waiting).statusCode, 200);
  assert.equal(log.runningMax, 1);
});

test('a deadline ends the work, by header and by field', async () => {
  for (const by of ['header', 'field']) {
    const clock = new ManualClock();
    const { app, log } = await toyService({ clock, beforeUnit: (_, signal) => aborted(signal) });
    const [fields, headers] = by === 'field' ? [{ deadline_ms: '500' }, {}] : [{}, { 'x-deadline-ms': '500' }];
    const answer = app.inject(
      formRequest(URL, WAV, fields as Record<string, string>, headers as Record<string, string>),
    );
    await until(() => log.running === 1);
    clock.advance(499);
    clock.advance(1);
    assert.equal((await answer).statusCode, 504, by);
    assert.equal((await answer).json().error.code, 'deadline_exceeded');
    assert.equal(log.aborted, 1);
  }
  const { app } = await toyService();
  const wrong = await app.inject(formRequest(URL, WAV, {}, { 'x-deadline-ms': 'soon' }));
  assert.deepEqual([wrong.statusCode, wrong.json().error.param], [400, 'x-deadline-ms']);
});

test('ending takes no new work, lets running work finish, and then is done', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { app, log } = await toyService({ beforeUnit: () => held });
  const running = app.inject(formRequest(URL, WAV));
  await until(() => log.running === 1);
  const drained = app.drain();
  const late = await app.inject(formRequest(URL, WAV));
  assert.deepEqual([late.statusCode, late.json().error.code], [503, 'shutting_down']);
  assert.ok(late.headers['retry-after']);
  assert.equal((await app.inject({ url: '/readyz', headers: local })).json().status, 'draining');
  assert.equal((await app.inject({ url: '/healthz', headers: local })).statusCode, 200);
  release();
  assert.equal((await running).statusCode, 200);
  await drained;
});

test('work that outlasts the ending is aborted with an error that asks for another try', async () => {
  const clock = new ManualClock();
  const { app, log } = await toyService({
    clock,
    limits: { drainMsMax: 2000 },
    beforeUnit: (_, signal) => aborted(signal),
  });
  const running = app.inject(formRequest(URL, WAV));
  await until(() => log.running === 1);
  const drained = app.drain();
  clock.advance(1999);
  assert.equal(log.aborted, 0);
  clock.advance(1);
  const answer = await running;
  assert.deepEqual([answer.statusCode, answer.json().error.code], [503, 'shutting_down']);
  assert.ok(answer.headers['retry-after']);
  await drained;
  assert.equal(log.aborted, 1);
});

test('a body that stands still is given up', async () => {
  const clock = new ManualClock();
  const { app } = await toyService({ clock, limits: { uploadIdleMsMax: 100 } });
  const body = new PassThrough();
  body.write(formBody([{ name: 'file', value: WAV, filename: 'a' }], false).subarray(0, 1000));
  const headers = { host: 'localhost', 'content-type': FORM_TYPE };
  const answer = app.inject({ method: 'POST', url: URL, headers, payload: body });
  // The clock moves only once somebody waits on it, twice: for the body, and then for the rest of it to be thrown away.
  const moving = setInterval(() => clock.advance(100), 1);
  const { statusCode, payload } = await answer;
  clearInterval(moving);
  assert.equal(statusCode, 408, payload);
  body.destroy();
});

test('figures: requests by route, stages, queues, bytes, memory', async () => {
  const { app } = await toyService();
  await app.inject(formRequest(URL, WAV));
  await app.inject({ url: '/wp-admin.php', headers: local });
  const text = (await app.inject({ url: '/metrics', headers: local })).payload;
  for (const wanted of [
    `bytefuse_http_request_seconds_count{route="${URL}",method="POST",status="200"} 1`,
    'bytefuse_http_request_seconds_count{route="none",method="GET",status="404"} 1',
    'bytefuse_stage_seconds_count{stage="upload"} 1',
    'bytefuse_stage_seconds_count{stage="encode"} 1',
    'bytefuse_queue_waiting{queue="speech"} 0',
    'bytefuse_errors_total{code="not_found"} 1',
    'bytefuse_audio_seconds_total 1',
  ]) {
    assert.ok(text.includes(wanted), `${wanted} in\n${text}`);
  }
  assert.match(text, /bytefuse_resident_bytes [1-9]/);
  assert.match(text, /bytefuse_upload_bytes_total [1-9]/);
  assert.doesNotMatch(text, /wp-admin/);
});

test('the files of the page are one route in the figures, and lines of the log only where they are asked for', async () => {
  for (const level of ['info', 'debug']) {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const { app } = await toyService({ parts: { logger: { level, stream }, routes: (scope) => webRoutes(scope) } });
    for (const path of ['/', '/web/page.css', '/web/icon.svg']) {
      assert.equal((await app.inject({ url: path, headers: local })).statusCode, 200);
    }
    const routes = lines.filter(({ msg }) => msg === 'request').map(({ route }) => route);
    assert.deepEqual(routes, level === 'info' ? ['/'] : ['/', '/web/*', '/web/*']);
    const text = (await app.inject({ url: '/metrics', headers: local })).payload;
    assert.match(text, /bytefuse_http_request_seconds_count\{route="\/web\/\*",method="GET",status="200"\} 2/);
    assert.doesNotMatch(text, /page\.css/);
  }
});

test('the log has one line per request, without text unless it is asked for', async () => {
  for (const logText of [false, true]) {
    const lines: Record<string, unknown>[] = [];
    const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const { app } = await toyService({ config: { logText }, parts: { logger: { level: 'info', stream } } });
    await app.inject(formRequest(URL, WAV, { prompt: 'secret words' }, { 'x-request-id': 'r1' }));
    const requests = lines.filter(({ msg }) => msg === 'request');
    assert.equal(requests.length, 1);
    const { requestId, route, status, key, phasesMs, audioSeconds, text } = requests[0]!;
    assert.deepEqual([requestId, route, status, key, audioSeconds], ['r1', URL, 200, 'local', 1]);
    assert.deepEqual(Object.keys(phasesMs as object), ['upload', 'queue', 'work']);
    assert.equal(text, logText ? 'w0' : undefined);
    assert.ok(!JSON.stringify(lines).includes('secret'));
  }
});

test('the OpenAPI document describes the routes by the same fields, and /docs shows it', async () => {
  const { app } = await toyService();
  const api = (await app.inject({ url: '/openapi.json', headers: local })).json();
  assert.equal(api.openapi, '3.0.3');
  for (const path of [URL, '/v1/audio/translations', '/v1/documents', '/v1/models', '/v1/models/{id}', '/readyz']) {
    assert.ok(api.paths[path], path);
  }
  const form = api.paths[URL].post.requestBody.content['multipart/form-data'].schema;
  assert.ok(form.properties.llm_weight && form.properties['keywords[]'].items);
  assert.equal(form.properties['known_speaker_names[]'], undefined);
  const page = (await app.inject({ url: '/docs', headers: local })).payload;
  assert.match(page, /POST \/v1\/documents/);
  for (const { name } of TRANSCRIPTION_FIELDS)
    assert.ok(page.includes(`<code>${name}</code>`), `${name}, refused ones too`);
  for (const code of Object.keys(ERRORS)) assert.ok(page.includes(`<code>${code}</code>`), code);
  for (const path of ['/v1/stream', '/v1/realtime?intent=transcription', '/v1/fuse']) {
    assert.ok(page.includes(`<code>${path}</code>`), path);
  }
  assert.doesNotMatch(page, /models\/core/, 'no file that a browser cannot reach');
  const links = [...page.matchAll(/href="(\/[^"]*)"/g)].map((match) => match[1]!);
  assert.ok(links.includes('/docs/streaming.md'));
  for (const url of new Set(links)) {
    const answer = await app.inject({ url, headers: local });
    assert.equal(answer.statusCode, 200, url);
  }
  for (const [, name] of page.matchAll(/docs\/([\w-]+\.md)/g)) assert.ok(links.includes(`/docs/${name}`), name);
  assert.doesNotMatch(page, /<script|https?:\/\//);
});

test('routes that are added pass the same checks, and keep their own headers', async () => {
  const policy = "default-src 'self'";
  const { app } = await toyService({
    parts: {
      routes: (scope) => {
        scope.get('/', (_, reply) => reply.header('content-security-policy', policy).send('hello'));
      },
    },
  });
  const page = await app.inject({ url: '/', headers: local });
  assert.deepEqual([page.payload, page.headers['content-security-policy']], ['hello', policy]);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal((await app.inject({ url: '/', headers: { host: 'evil.example' } })).statusCode, 403);
  for (const url of ['/../package.json', '/%2e%2e/package.json', '/.env']) {
    assert.equal((await app.inject({ url, headers: local })).statusCode, 404, url);
  }
});

test('refusals use codes of the registry and their status', async () => {
  const { app } = await toyService();
  for (const request of [
    { url: '/nowhere', headers: local },
    { url: '/healthz', headers: { host: 'evil.example' } },
    formRequest(URL, Buffer.from('junk')),
    formRequest(URL, WAV, { beams: '0' }),
  ]) {
    const answer = await app.inject(request);
    const { code } = answer.json().error;
    assert.equal(ERRORS[code as keyof typeof ERRORS].status, answer.statusCode);
  }
});

/** Waits for what happens within this process; never for time. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await holds()); turns++) {
    if (turns > 10_000) assert.fail('it never came to that');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Work that ends only when it is told to. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
