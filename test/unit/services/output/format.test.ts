import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OUTPUT_FORMATS, writeTranscript } from '../../../../services/output/format.ts';
import { segment, spreadWords, transcript, unit } from '../../../support/toy-transcript.ts';

const two = transcript([segment(0, 1.5, ' Fish & <chips>'), segment(1.5, 3661.25, ' a --> b')]);
const empty = transcript([]);

test('text is the text and a line feed', () => {
  assert.equal(writeTranscript(two, 'text'), 'Fish & <chips> a --> b\n');
});

test('srt numbers its cues, writes commas, and has no arrow in the text', () => {
  assert.equal(
    writeTranscript(two, 'srt'),
    '1\n00:00:00,000 --> 00:00:01,500\nFish & <chips>\n\n2\n00:00:01,500 --> 01:01:01,250\na -> b\n',
  );
});

test('vtt escapes what would be markup', () => {
  assert.equal(
    writeTranscript(two, 'vtt'),
    'WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nFish &amp; &lt;chips&gt;\n\n00:00:01.500 --> 01:01:01.250\na --&gt; b\n',
  );
});

test('tsv has milliseconds, and neither tabs nor line feeds in the text', () => {
  assert.equal(
    writeTranscript(transcript([segment(0.25, 1, ' a\tb\nc')]), 'tsv'),
    'start\tend\ttext\n250\t1000\ta b c\n',
  );
});

test('an empty transcript keeps the schema of each format', () => {
  const written = Object.fromEntries(OUTPUT_FORMATS.map((format) => [format, writeTranscript(empty, format)]));
  assert.equal(written['text'], '');
  assert.equal(written['srt'], '');
  assert.equal(written['vtt'], 'WEBVTT\n');
  assert.equal(written['tsv'], 'start\tend\ttext\n');
  assert.equal(JSON.parse(written['json']!).text, '');
  const verbose = JSON.parse(written['verbose_json']!);
  assert.deepEqual([verbose.text, verbose.segments, verbose.duration], ['', [], 2]);
});

test('json has the names that clients of transcription services read', () => {
  assert.deepEqual(JSON.parse(writeTranscript(two, 'json')), {
    text: 'Fish & <chips> a --> b',
    languages: [{ code: 'en' }],
    usage: { type: 'duration', seconds: 3661.25 },
  });
});

test('verbose_json has the fields of its segments, and fused scores under their own names', () => {
  const fused = { score: -1, llm_logprob: -20, llm_weight: 0.3 };
  const words = spreadWords(0, 1, [' Hello', ' you']);
  const change = {
    recognized: 'yew',
    chosen: 'you',
    offset: 7,
    recognizedLogProb: { recognizer: -3, llm: -20 },
    chosenLogProb: { recognizer: -4, llm: -9 },
  };
  const segments = [segment(0, 1, ' Hello you', { fused, words })];
  const verbose = JSON.parse(
    writeTranscript(transcript(segments, { units: [unit(segments, [change])] }), 'verbose_json'),
  );
  assert.deepEqual(Object.keys(verbose.segments[0]), [
    'id',
    'seek',
    'start',
    'end',
    'text',
    'tokens',
    'temperature',
    'avg_logprob',
    'compression_ratio',
    'no_speech_prob',
    'fused',
  ]);
  assert.deepEqual(verbose.segments[0].fused, fused);
  assert.deepEqual(
    verbose.words.map(({ word }: { word: string }) => word),
    ['Hello', 'you'],
  );
  assert.deepEqual(verbose.fusion.changes, [change]);
  assert.equal(verbose.task, 'transcribe');
  assert.equal(verbose.language, 'en');
});

test('without word times verbose_json has no words', () => {
  assert.ok(!('words' in JSON.parse(writeTranscript(two, 'verbose_json'))));
});
