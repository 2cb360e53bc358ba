import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStreamEvent, type StreamEvent } from '../../../../services/web/page/talk/stream-events.ts';
import { plainText, transcriptFile } from '../../../../services/web/page/talk/transcript-file.ts';
import { UtteranceList } from '../../../../services/web/page/talk/utterance-list.ts';
import { wordSpans } from '../../../../services/web/page/talk/word-spans.ts';

const PLACE = { stream: 0, offsetS: 0 };

function hypothesis(text: string, fields: Record<string, unknown> = {}): StreamEvent {
  const event = {
    type: 'hypothesis',
    utterance: 0,
    revision: 0,
    stage: 'recognized',
    final: false,
    committed: 0,
    startS: 1,
    endS: 2,
    text,
    ...fields,
  };
  return parseStreamEvent(JSON.stringify({ ...event, seq: 1 }))!.event;
}

test('a later hypothesis replaces the earlier one, an old one does not', () => {
  const list = new UtteranceList();
  assert.equal(list.apply(hypothesis('a', { revision: 1 }), PLACE)?.text, 'a');
  assert.equal(list.apply(hypothesis('b', { revision: 1 }), PLACE), null);
  assert.equal(list.apply(hypothesis('c', { revision: 2 }), PLACE)?.text, 'c');
});

test('stages do not go back, and only a final beyond recognized closes', () => {
  const list = new UtteranceList();
  assert.equal(list.apply(hypothesis('a', { final: true }), PLACE)?.isClosed, false);
  assert.equal(list.apply(hypothesis('b', { revision: 1, stage: 'fused', final: true }), PLACE)?.isClosed, true);
  assert.equal(list.apply(hypothesis('c', { revision: 2 }), PLACE), null);
});

test('committed never shrinks and never reaches beyond the text', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('one two', { committed: 7 }), PLACE);
  assert.equal(list.apply(hypothesis('one two three', { revision: 1, committed: 3 }), PLACE)?.committed, 7);
  assert.equal(list.apply(hypothesis('one', { revision: 2, committed: 99 }), PLACE)?.committed, 3);
});

test('what the recognizer alone had is kept when fusion changes it', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('whether', { final: true }), PLACE);
  const fused = list.apply(hypothesis('weather', { revision: 1, stage: 'fused', final: true }), PLACE);
  assert.deepEqual([fused?.text, fused?.recognizedText], ['weather', 'whether']);
});

test('times of a stream that began later count from the start of the recording', () => {
  const list = new UtteranceList();
  const words = [{ word: 'a', start: 1, end: 2, probability: 1 }];
  const moved = list.apply(hypothesis('a', { words }), { stream: 1, offsetS: 10 });
  assert.deepEqual([moved?.startS, moved?.endS, moved?.words[0]?.start], [11, 12, 11]);
});

test('utterances without a last text are dropped when their stream is gone', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('kept', { stage: 'fused', final: true }), PLACE);
  list.apply(hypothesis('open', { utterance: 1 }), PLACE);
  assert.deepEqual(list.dropOpen(), ['0.1']);
  assert.equal(plainText(list.all), 'kept');
});

test('events are checked where they come in', () => {
  const bad = (fields: object) => () => parseStreamEvent(JSON.stringify({ seq: 1, ...fields }));
  assert.throws(bad({ type: 'lag' }), SyntaxError);
  assert.throws(bad({ type: 'lag', lagMs: '3' }), SyntaxError);
  assert.throws(() => parseStreamEvent('{"type":"end"}'), /seq/);
  assert.throws(() => parseStreamEvent('null'), SyntaxError);
  assert.throws(() => parseStreamEvent('{'), SyntaxError);
  assert.throws(() => hypothesis('a', { stage: 'guessed' }), /stage/);
  assert.throws(() => hypothesis('a', { words: {} }), /words/);
  assert.equal(parseStreamEvent('{"type":"toString","seq":1}'), null);
});

test('spans join to the text, whatever the words are', () => {
  const words = (...spelled: string[]) => spelled.map((word) => ({ word, start: 0, end: 1, probability: 0.4 }));
  for (const [text, given, language] of [
    ['the weather is fine', words(' the', ' weather', ' is', ' fine'), 'en'],
    ['the weather is fine', words('another', 'text'), 'en'],
    ['今天天气很好。', [], 'zh'],
    ['今天天气很好。', words('今天', '很好'), 'zh'],
    ['ığdır', words('ığdır'), 'not a language !'],
    ['🙂 ok', words('', 'ok'), ''],
    ['', words('a'), 'en'],
  ] as const) {
    const spans = wordSpans(text, given, language);
    assert.equal(spans.map((span) => span.text).join(''), text);
    for (const span of spans) assert.ok(text.startsWith(span.text, span.offset));
  }
});

test('words of the recognizer carry their probability, marks carry none', () => {
  const words = [{ word: ' fine', start: 0, end: 1, probability: 0.3 }];
  assert.deepEqual(wordSpans('fine.', words, 'en'), [
    { text: 'fine', offset: 0, isWord: true, probability: 0.3 },
    { text: '.', offset: 4, isWord: false },
  ]);
});

test('files hold what was said, with its times', () => {
  const list = new UtteranceList();
  list.apply(hypothesis(' one --> two ', { stage: 'fused', final: true }), PLACE);
  list.apply(hypothesis('', { utterance: 1, startS: 3, endS: 4 }), PLACE);
  list.apply(hypothesis('三', { utterance: 2, startS: 61, endS: 62.5, stage: 'fused', final: true }), PLACE);
  assert.equal(transcriptFile(list.all, 'txt'), 'one --> two\n三\n');
  const srt = '1\n00:00:01,000 --> 00:00:02,000\none -> two\n\n2\n00:01:01,000 --> 00:01:02,500\n三\n';
  assert.equal(transcriptFile(list.all, 'srt'), srt);
  const { utterances } = JSON.parse(transcriptFile(list.all, 'json'));
  assert.deepEqual([utterances.length, utterances[1].text, utterances[1].stage], [2, '三', 'fused']);
});
