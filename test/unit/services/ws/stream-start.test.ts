import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppError } from '../../../../models/core/app-error.ts';
import { ID_CHARS_MAX, KEY_CHARS_MAX, KEYWORDS_MAX, PROMPT_CHARS_MAX } from '../../../../services/ws/limits.ts';
import { parseControl, parseStart } from '../../../../services/ws/stream-start.ts';

const start = (fields: Record<string, unknown>) =>
  parseStart(JSON.stringify({ type: 'start', audio: { format: 'pcm16' }, ...fields }));

test('texts and lists of start have bounds, at n and n + 1', () => {
  const cases: [string, (n: number) => unknown, number, string?][] = [
    ['prompt', (n) => 'x'.repeat(n), PROMPT_CHARS_MAX],
    ['llmPrompt', (n) => 'x'.repeat(n), PROMPT_CHARS_MAX],
    ['keywords', (n) => Array.from({ length: n }, () => 'x'), KEYWORDS_MAX],
    ['keywords', (n) => ['x'.repeat(n)], ID_CHARS_MAX, 'keywords[0]'],
    ['id', (n) => 'x'.repeat(n), ID_CHARS_MAX],
    ['language', (n) => 'x'.repeat(n), ID_CHARS_MAX],
    ['key', (n) => 'x'.repeat(n), KEY_CHARS_MAX],
    ['nBest', (n) => n, 16],
    ['llmWeight', (n) => n, 1],
  ];
  for (const [name, value, most, param = name] of cases) {
    start({ [name]: value(most) });
    assert.throws(() => start({ [name]: value(most + 1) }), { code: 'invalid_option', param }, name);
  }
});

test('a format that is none hears of all that there are', () => {
  for (const audio of [{ format: 'mp3' }, {}]) {
    assert.throws(
      () => start({ audio }),
      (error: AppError) => {
        assert.deepEqual([error.code, error.param], ['invalid_option', 'audio.format']);
        for (const format of ['pcm16', 'float32', 'ogg-opus', 'webm-opus'])
          assert.ok(error.message.includes(format), format);
        return true;
      },
    );
  }
  assert.throws(() => start({ audio: { format: 'ogg-opus', rate: 48_000 } }), { code: 'unsupported_parameter' });
  for (const audio of [null, 'pcm16', []])
    assert.throws(() => start({ audio }), { code: 'invalid_option', param: 'audio' });
});

test('what is not said is left to the recognizer; turns null is not the same as no turns', () => {
  const plain = start({});
  assert.ok(plain.kind === 'new');
  assert.deepEqual(plain.audio, { format: 'pcm16', rateHz: 16_000, channels: 1 });
  assert.deepEqual(plain.request, {
    timestamps: 'segment',
    explain: false,
    turnDetection: { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
  });
  const own = start({ turns: null, partials: false, lightFusion: false });
  assert.ok(own.kind === 'new');
  assert.equal(own.request.turnDetection, null);
  assert.equal(own.request.partialIntervalMs, 0);
  assert.equal(own.request.lightFusion, false);
});

test('resume is told apart, with its key', () => {
  const message = JSON.stringify({ type: 'start', key: 'k', resume: { token: 't', seq: 7 } });
  assert.deepEqual(parseStart(message), { kind: 'resume', key: 'k', token: 't', seq: 7 });
});

test('controls are exactly three', () => {
  for (const type of ['commit', 'clear', 'end'] as const) assert.equal(parseControl(JSON.stringify({ type })), type);
  assert.throws(() => parseControl('{"type":"stop"}'), { code: 'invalid_option', param: 'type' });
  assert.throws(() => parseControl('{"type":"end","x":1}'), { code: 'unsupported_parameter', param: 'x' });
});
