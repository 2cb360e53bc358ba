import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { asAppError, errorBody, errorHeaders, withoutPaths } from '../../../../services/http/error-reply.ts';
import { checkHost } from '../../../../services/http/security.ts';
import { defaultServiceConfig } from '../../../../services/server/config.ts';
import { RetryLater } from '../../../../services/server/retry-later.ts';
import { toldError } from '../../../../services/ws/close-code.ts';

test('messages keep what happened and lose where', () => {
  assert.equal(withoutPaths('/var/lib/x/audio.wav has no samples'), 'audio.wav has no samples');
  assert.equal(withoutPaths('C:\\Users\\me\\a.wav is gone'), 'a.wav is gone');
  assert.equal(
    withoutPaths('see https://example.org/a/b, or text/plain'),
    'see https://example.org/a/b, or text/plain',
  );
});

test('a message keeps the spelling of the name that it begins with; what others say becomes a sentence', () => {
  const told = (error: AppError) => errorBody(error).error.message;
  for (const name of ['beams', 'response_format', 'include[]=logprobs', 'x-deadline-ms']) {
    assert.equal(told(new AppError('invalid_option', `${name} is "x"`, { param: name })), `${name} is "x".`);
  }
  const foreign = Object.assign(new Error('reach fields limit'), { code: 'FST_FIELDS_LIMIT' });
  assert.equal(told(asAppError(foreign)), 'Reach fields limit.');
});

test('a language that the model does not know is told with the field, wherever it was noticed', () => {
  const error = AppError.from(new AppError('unknown_language', 'Language "english" is not one that this model knows.'));
  assert.equal(errorBody(error).error.param, 'language');
  assert.equal(toldError(error).param, 'language');
});

test('failures of the machine are told by their code alone', () => {
  const { error } = errorBody(new AppError('model_corrupt', 'weights.onnx in /srv/models is broken'));
  assert.doesNotMatch(error.message, /weights|srv/);
  assert.equal(error.type, 'server_error');
  assert.equal(error.code, 'model_corrupt');
});

test('what clients tell apart follows the status', () => {
  const type = (code: AppError['code']) => errorBody(new AppError(code, 'x')).error.type;
  assert.equal(type('invalid_option'), 'invalid_request_error');
  assert.equal(type('unauthorized'), 'authentication_error');
  assert.equal(type('forbidden'), 'permission_error');
  assert.equal(type('rate_limited'), 'rate_limit_error');
  assert.equal(type('peer_lost'), 'server_error');
});

test('whoever is told to come back is told when', () => {
  assert.equal(errorHeaders(new RetryLater('rate_limited', 'x', 2.1))['retry-after'], '3');
  assert.equal(errorHeaders(RetryLater.estimate('overloaded', 'x', 9999))['retry-after'], '60');
  assert.equal(errorHeaders(new AppError('peer_lost', 'x'))['retry-after'], '5');
  assert.equal(errorHeaders(new AppError('invalid_option', 'x'))['retry-after'], undefined);
});

test('other people’s errors become ours', () => {
  const of = (error: object) => asAppError(Object.assign(new Error('it broke'), error)).code;
  assert.equal(of({ code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 }), 'payload_too_large');
  assert.equal(of({ code: 'FST_SOMETHING_NEW', statusCode: 400 }), 'invalid_option');
  assert.equal(of({ code: 'ERR_STREAM_PREMATURE_CLOSE' }), 'canceled');
  assert.equal(of({}), 'internal');
  assert.equal(asAppError('a string').code, 'internal');
});

test('a request without a Host header is refused', () => {
  for (const header of [undefined, '']) assert.throws(() => checkHost(header, defaultServiceConfig), /no valid Host/);
});
