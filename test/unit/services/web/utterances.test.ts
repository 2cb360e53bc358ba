import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correctedWords } from '../../../../services/web/page/talk/corrected-words.ts';
import { windowUtterances } from '../../../../services/web/page/talk/recording-window.ts';
import { parseStreamEvent, type StreamEvent } from '../../../../services/web/page/talk/stream-events.ts';
import { plainText, transcriptFile } from '../../../../services/web/page/talk/transcript-file.ts';
import { currentText, UtteranceList } from '../../../../services/web/page/talk/utterance-list.ts';
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

test('a running text may be of either stage, and the recognizer’s final may follow a fused one', () => {
  const list = new UtteranceList();
  const stageAfter = (revision: number, fields: object) => {
    list.apply(hypothesis(`r${revision}`, { revision, ...fields }), PLACE);
    const [{ text, stage, isFinal, isClosed }] = list.all as [ReturnType<typeof list.put>];
    return [text, stage, isFinal, isClosed];
  };
  assert.deepEqual(stageAfter(0, { stage: 'fused' }), ['r0', 'fused', false, false]);
  assert.deepEqual(stageAfter(1, {}), ['r1', 'recognized', false, false]);
  assert.deepEqual(stageAfter(2, { stage: 'fused' }), ['r2', 'fused', false, false]);
  assert.deepEqual(stageAfter(3, { final: true }), ['r3', 'recognized', true, false]);
  assert.deepEqual(stageAfter(4, { stage: 'fused' }), ['r3', 'recognized', true, false], 'a partial after the final');
  assert.deepEqual(stageAfter(5, { stage: 'fused', final: true }), ['r5', 'fused', true, true]);
  assert.equal(list.all[0]!.recognizedText, 'r3');
});

test('a correction stays when the service revises its text, and is none where both are the same', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('the whether', { final: true }), PLACE);
  assert.equal(list.correct('0.0', ' the\n weather ')?.correction, 'the weather');
  const revised = list.apply(hypothesis('a weather', { revision: 1, stage: 'fused', final: true }), PLACE)!;
  assert.deepEqual([revised.text, currentText(revised)], ['a weather', 'the weather']);
  assert.equal(list.correct('0.0', 'a  weather')?.correction, null);
  assert.equal(list.correct('0.0', '')?.correction, '');
  assert.equal(list.correct('0.0', null)?.correction, null);
  assert.equal(list.correct('9.9', 'x'), null);
  const other = new UtteranceList();
  other.apply(hypothesis('whether', { final: true }), PLACE);
  other.correct('0.0', 'weather');
  assert.equal(
    other.apply(hypothesis('weather', { revision: 1, stage: 'fused', final: true }), PLACE)?.correction,
    null,
  );
});

test('what a person worked on is not dropped with its stream', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('corrected', { final: true }), PLACE);
  list.apply(hypothesis('edited', { utterance: 1, final: true }), PLACE);
  list.apply(hypothesis('open', { utterance: 2, final: true }), PLACE);
  list.correct('0.0', 'right');
  assert.deepEqual(
    list.dropOpen(({ id }) => id === '0.1'),
    ['0.2'],
  );
  list.apply(hypothesis('running', { utterance: 3 }), PLACE);
  assert.deepEqual(
    list.endAll().map(({ text, isFinal }) => [text, isFinal]),
    [['running', true]],
  );
});

test('files hold corrections, and json also what was corrected', () => {
  const list = new UtteranceList();
  list.apply(hypothesis('the whether', { final: true }), PLACE);
  list.apply(hypothesis('the whetter', { revision: 1, stage: 'fused', final: true }), PLACE);
  list.apply(hypothesis('noise', { utterance: 1, stage: 'fused', final: true }), PLACE);
  list.correct('0.0', 'the weather');
  list.correct('0.1', '');
  assert.equal(transcriptFile(list.all, 'txt'), 'the weather\n');
  assert.equal(transcriptFile(list.all, 'srt'), '1\n00:00:01,000 --> 00:00:02,000\nthe weather\n');
  const { text, utterances } = JSON.parse(transcriptFile(list.all, 'json'));
  assert.equal(text, 'the weather');
  const [corrected, emptied] = utterances;
  assert.deepEqual(
    [corrected.stage, corrected.text, corrected.recognizedText],
    ['corrected', 'the weather', 'the whether'],
  );
  assert.deepEqual(corrected.uncorrected, { stage: 'fused', text: 'the whetter' });
  assert.deepEqual([emptied.stage, emptied.text, emptied.uncorrected.text], ['corrected', '', 'noise']);
});

test('a corrected text has the times of what was spoken, so that long subtitles are still cut', () => {
  const timed = (text: string) =>
    (text.match(/[一-龥]|[^\s一-龥]+/gu) ?? []).map((word, i) => ({ word, start: i, end: i + 1, probability: 1 }));
  const starts = (text: string, correction: string) =>
    correctedWords(text, timed(text), correction).map(({ word, start }) => `${word} ${start}`);
  assert.deepEqual(starts('the whether is fine', 'so the whether fine'), ['so 0', 'the 0', 'whether 1', 'fine 3']);
  assert.deepEqual(starts('今天汽很好', '今天气很好'), ['今 0', '天 1', '气 2', '很 3', '好 4']);
  assert.deepEqual(correctedWords('a b', [], 'a c'), []);
  assert.deepEqual(correctedWords('a', timed('a'), ''), []);
  const text =
    'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen';
  const list = new UtteranceList();
  list.apply(hypothesis(text, { stage: 'fused', final: true, startS: 0, endS: 17, words: timed(text) }), PLACE);
  list.correct('0.0', text.replace('two', 'too'));
  const cues = transcriptFile(list.all, 'srt').split('\n\n');
  assert.equal(cues.length, 2);
  assert.match(cues[0]!, /00:00:00,000 --> .*\none too three/);
});

test('a window of a recording becomes its segments, each with its own words and changes', () => {
  const scores = { recognizedLogProb: { recognizer: -1, llm: -2 }, chosenLogProb: { recognizer: -3, llm: -1 } };
  const change = (recognized: string, chosen: string, offset: number) => ({ recognized, chosen, offset, ...scores });
  const word = (spelled: string, start: number) => ({ word: spelled, start, end: start + 1, probability: 0.5 });
  const window = {
    segments: [
      { text: ' The weather.', start: 0, end: 2, fused: {} },
      { text: ' The end', start: 2, end: 4 },
    ],
    words: [word('The', 0), word('weather.', 1), word('The', 2), word('end', 3)],
    fusion: {
      changes: [change(' A', ' The', 0), change(' whether.', ' weather.', 4), change(' An', ' The', 13)],
      hypotheses: [{ text: ' The weather. The end', recognizer_logprob: -3, fused: { llmLogProb: -1 } }],
    },
  };
  const [first, second] = windowUtterances(window, 7, 'en');
  assert.deepEqual([first!.id, first!.text, first!.stage, first!.isClosed], ['file.7', 'The weather.', 'fused', true]);
  assert.deepEqual([second!.id, second!.startS, second!.endS, second!.stage], ['file.8', 2, 4, 'recognized']);
  assert.deepEqual(
    [first!, second!].map(({ words }) => words.map(({ start }) => start)),
    [
      [0, 1],
      [2, 3],
    ],
  );
  const placed = ({ changes }: typeof first & {}) => changes.map(({ chosen, offset }) => [chosen, offset]);
  assert.deepEqual(placed(first!), [
    ['The', 0],
    [' weather.', 3],
  ]);
  assert.deepEqual(placed(second!), [['The', 0]]);
  assert.deepEqual(second!.alternatives, [{ text: ' The weather. The end', recognizerLogProb: -3, llmLogProb: -1 }]);
  assert.equal(second!.alternativesOf, ' The weather. The end');
  for (const bad of [
    null,
    {},
    { ...window, segments: [{ text: 'a', start: 'x', end: 1 }] },
    { ...window, fusion: {} },
  ]) {
    assert.throws(() => windowUtterances(bad, 0, ''), SyntaxError);
  }
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
