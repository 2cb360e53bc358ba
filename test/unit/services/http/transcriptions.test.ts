import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formRequest } from '../../../support/form-body.ts';
import { readProjectFile } from '../../../support/project-files.ts';
import { type ToyServiceOptions, toyService, toyWav } from '../../../support/toy-service.ts';

const URL = '/v1/audio/transcriptions';
const WAV = toyWav(3);

type Fields = Readonly<Record<string, string | readonly string[]>>;

async function post(fields: Fields, options: ToyServiceOptions = {}, url = URL, file: Uint8Array = WAV) {
  const { app, log } = await toyService(options);
  const answer = await app.inject(formRequest(url, file, fields));
  await app.close();
  return { answer, log };
}

// A folder of its own: other tests leave theirs in the common one while they run.
const temporary = mkdtempSync(join(tmpdir(), 'bytefuse-test-'));
process.env['TMPDIR'] = temporary;
after(() => rmSync(temporary, { recursive: true, force: true }));
const temporaryFolders = () => readdirSync(temporary).length;

/** The events of a stream, in order. */
function events(payload: string): Record<string, unknown>[] {
  return payload
    .split('\n\n')
    .filter((block) => block.startsWith('data: '))
    .map((block) => JSON.parse(block.slice('data: '.length)));
}

test('json is the answer unless told otherwise', async () => {
  const { answer } = await post({ model: 'whisper-1' });
  assert.equal(answer.statusCode, 200, answer.payload);
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual(answer.json(), {
    text: 'w0 w1 w2',
    languages: [{ code: 'en' }],
    usage: { type: 'duration', seconds: 3 },
  });
  assert.match(
    String(answer.headers['x-bytefuse-models']),
    /^recognizer=toy-speech; .*llm=toy-llm; device=cpu; recognizer-provider=cuda,cpu; .*llm-provider=cpu$/,
  );
  assert.match(String(answer.headers['server-timing']), /upload;dur=\d+, queue;dur=\d+, work;dur=\d+/);
});

test('text, srt, vtt and tsv come with their types', async () => {
  const cases = [
    ['text', 'text/plain', 'w0 w1 w2\n'],
    ['srt', 'application/x-subrip', '1\n00:00:00,000 -->'],
    ['vtt', 'text/vtt', 'WEBVTT\n'],
    ['tsv', 'text/tab-separated-values', 'start\tend\ttext\n'],
  ] as const;
  for (const [format, type, start] of cases) {
    const { answer } = await post({ response_format: format });
    assert.equal(answer.statusCode, 200, answer.payload);
    assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`);
    assert.ok(answer.payload.startsWith(start), answer.payload);
  }
});

test('verbose_json has segments; words where they are asked for, and then only them', async () => {
  const plain = (await post({ response_format: 'verbose_json' })).answer.json();
  assert.equal(plain.segments.length, 3);
  assert.equal(plain.words, undefined);
  assert.equal(plain.duration, 3);
  const name = 'timestamp_granularities[]';
  const words = (await post({ response_format: 'verbose_json', [name]: 'word' })).answer.json();
  assert.equal(words.segments, undefined);
  assert.deepEqual(words.words[1], { word: 'w1', start: 1, end: 2, probability: 0.9 });
  const both = (await post({ response_format: 'verbose_json', [name]: ['word', 'segment'] })).answer.json();
  assert.equal(both.segments.length, 3);
  assert.equal(both.words.length, 3);
});

test('without speech every format keeps its form', async () => {
  const silence = toyWav(0.5);
  const of = async (fields: Fields) => (await post(fields, {}, URL, silence)).answer;
  assert.deepEqual((await of({})).json().text, '');
  assert.equal((await of({ response_format: 'text' })).payload, '');
  assert.equal((await of({ response_format: 'srt' })).payload, '');
  assert.match((await of({ response_format: 'vtt' })).payload, /^WEBVTT\n+$/);
  const verbose = (
    await of({ response_format: 'verbose_json', 'timestamp_granularities[]': ['word', 'segment'] })
  ).json();
  assert.deepEqual([verbose.text, verbose.segments, verbose.words], ['', [], []]);
  const stream = events((await of({ stream: 'true' })).payload);
  assert.deepEqual(
    stream.map(({ type, text }) => [type, text]),
    [['transcript.text.done', '']],
  );
});

test('a stream tells each unit as it is done; its deltas add up to the text, which comes last with the usage', async () => {
  const { answer } = await post({ stream: 'true' });
  assert.equal(answer.headers['content-type'], 'text/event-stream; charset=utf-8');
  const all = events(answer.payload);
  assert.deepEqual(
    all.map(({ type }) => type),
    ['transcript.text.delta', 'transcript.text.delta', 'transcript.text.delta', 'transcript.text.done'],
  );
  assert.equal(all.map(({ delta }) => delta ?? '').join(''), 'w0 w1 w2');
  assert.equal(all.at(-1)!['text'], 'w0 w1 w2');
  assert.deepEqual(all.at(-1)!['usage'], { type: 'duration', seconds: 3 });
});

test('a stream of verbose_json gives with each delta what its window gave', async () => {
  const name = 'timestamp_granularities[]';
  const fields = { stream: 'true', response_format: 'verbose_json', [name]: ['word', 'segment'] };
  const all = events((await post(fields)).answer.payload);
  const [first] = all as [
    { segments: { text: string }[]; words: { word: string }[]; fusion: { hypotheses: object[] } },
  ];
  assert.deepEqual([first.segments.map(({ text }) => text), first.words.map(({ word }) => word)], [[' w0'], ['w0']]);
  assert.ok(Object.hasOwn(first.fusion.hypotheses[0]!, 'recognizer_logprob'));
  assert.equal(all.at(-1)!['segments'], undefined, 'no event grows with the recording');
  const plain = events((await post({ stream: 'true', response_format: 'verbose_json' })).answer.payload);
  assert.equal(plain[0]!['words'], undefined);
  assert.equal(events((await post({ stream: 'true' })).answer.payload)[0]!['segments'], undefined);
});

test('logprobs are those of the tokens that stand in the text', async () => {
  const { answer } = await post({ 'include[]': 'logprobs' });
  const { logprobs } = answer.json();
  assert.deepEqual(
    logprobs.map(({ token, logprob }: { token: string; logprob: number }) => [token, logprob]),
    [
      [' w0', -0.25],
      [' w1', -0.25],
      [' w2', -0.25],
    ],
  );
  assert.deepEqual(logprobs[0].bytes, [...Buffer.from(' w0')]);
  const stream = events((await post({ 'include[]': 'logprobs', stream: 'true' })).answer.payload);
  assert.equal((stream[0]!['logprobs'] as unknown[]).length, 1);
  assert.equal((stream.at(-1)!['logprobs'] as unknown[]).length, 3);
});

test('fields reach the recognizer', async () => {
  const { log } = await post({
    language: 'TR',
    prompt: 'Merhaba.',
    'keywords[]': ['Ankara', 'İzmir'],
    hotwords: 'Bursa, Van',
    temperature: '0.4',
    llm_weight: '0.3',
    llm_prompt: 'Geography.',
    script: 'hans',
    preset: 'gfd-paper',
    beams: '4',
    n_best: '2',
    seed: '7',
    vad: 'false',
    exact: '1',
    explain: 'true',
    response_format: 'verbose_json',
    'timestamp_granularities[]': 'word',
  });
  const { language, prompt, hotwords, temperatures, llmWeight, llmPrompt, script, preset } = log.options[0]!;
  assert.deepEqual(
    [language, prompt, temperatures, llmWeight, llmPrompt],
    ['tr', 'Merhaba.', [0.4], 0.3, 'Geography.'],
  );
  assert.deepEqual(hotwords, ['Ankara', 'İzmir', 'Bursa', 'Van']);
  const { beams, nBest, seed, vad, exact, explain, timestamps, task } = log.options[0]!;
  assert.deepEqual([script, preset, beams, nBest, seed], ['hans', 'gfd-paper', 4, 2, 7]);
  assert.deepEqual([vad, exact, explain, timestamps, task], [false, true, true, 'word', 'transcribe']);
});

test('temperature 0 keeps the ladder of fallbacks', async () => {
  const { log } = await post({ temperature: '0' });
  assert.equal(log.options[0]!.temperatures.length, 6);
});

test('translations translate', async () => {
  const { log } = await post({}, {}, '/v1/audio/translations');
  assert.equal(log.options[0]!.task, 'translate');
});

test('what is not supported is refused and named, never ignored', async () => {
  const cases: readonly (readonly [Fields, string])[] = [
    [{ response_format: 'diarized_json' }, 'response_format'],
    [{ 'known_speaker_names[]': 'A' }, 'known_speaker_names[]'],
    [{ 'known_speaker_references[]': 'data:' }, 'known_speaker_references[]'],
    [{ colour: 'red' }, 'colour'],
    [{ 'languages[]': ['en', 'tr'] }, 'languages[]'],
    [{ 'timestamp_granularities[]': 'word' }, 'timestamp_granularities[]'],
    [{ stream: 'true', response_format: 'srt' }, 'stream'],
    [{ 'include[]': 'logprobs', response_format: 'text' }, 'include[]'],
    [{ chunking_strategy: '{"type":"server_vad","threshold":0.4}' }, 'chunking_strategy[threshold]'],
    [{ 'chunking_strategy[threshold]': '0.4' }, 'chunking_strategy[threshold]'],
  ];
  for (const [fields, param] of cases) {
    const { answer, log } = await post(fields);
    assert.equal(answer.statusCode, 400, `${JSON.stringify(fields)}: ${answer.payload}`);
    const { error } = answer.json();
    assert.deepEqual([error.code, error.param, error.type], ['unsupported_parameter', param, 'invalid_request_error']);
    assert.equal(log.options.length, 0);
  }
});

test('what stands in the address is refused and named: fields are parts of the form', async () => {
  for (const task of ['transcriptions', 'translations']) {
    const { answer, log } = await post({}, {}, `/v1/audio/${task}?model=nope`);
    assert.equal(answer.statusCode, 400, answer.payload);
    assert.deepEqual([answer.json().error.code, answer.json().error.param], ['unsupported_parameter', 'model']);
    assert.equal(log.options.length, 0);
  }
});

test('the example of a failure in docs/api.md is what the service says', async () => {
  const { answer } = await post({ beams: '99' });
  assert.ok(readProjectFile('docs/api.md').includes(answer.payload), answer.payload);
});

test('values out of range are refused and named', async () => {
  const cases: readonly (readonly [Fields, string])[] = [
    [{ response_format: 'yaml' }, 'response_format'],
    [{ temperature: '1.1' }, 'temperature'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ stream: 'maybe' }, 'stream'],
    [{ beams: '17' }, 'beams'],
    [{ beams: '2.5' }, 'beams'],
    [{ llm_weight: '-0.1' }, 'llm_weight'],
    [{ 'include[]': 'speakers' }, 'include[]'],
    [{ chunking_strategy: 'semantic' }, 'chunking_strategy'],
    [{ chunking_strategy: 'auto', vad: 'false' }, 'vad'],
    [{ language: 'en', 'languages[]': 'tr' }, 'languages[]'],
    [{ language: ['en', 'tr'] }, 'language'],
    [{ response_format: 'verbose_json', 'timestamp_granularities[]': 'phoneme' }, 'timestamp_granularities[]'],
    [{ deadline_ms: '0' }, 'deadline_ms'],
  ];
  for (const [fields, param] of cases) {
    const { answer } = await post(fields);
    assert.equal(answer.statusCode, 400, `${JSON.stringify(fields)}: ${answer.payload}`);
    assert.deepEqual([answer.json().error.code, answer.json().error.param], ['invalid_option', param]);
  }
});

test('strategies that skip silence are taken, as a form nests them too', async () => {
  for (const fields of [
    { chunking_strategy: 'auto' },
    { chunking_strategy: '{"type":"server_vad"}' },
    { 'chunking_strategy[type]': 'server_vad' },
  ] as Fields[]) {
    assert.equal((await post(fields)).answer.statusCode, 200);
  }
});

test('an unknown model is not found; the alias and the own name are', async () => {
  const { answer } = await post({ model: 'whisper-9' });
  assert.equal(answer.statusCode, 404);
  assert.deepEqual([answer.json().error.code, answer.json().error.param], ['model_unknown', 'model']);
  assert.equal((await post({ model: 'toy-speech' })).answer.statusCode, 200);
});

test('what is no audio is refused by its content, whatever its name says', async () => {
  const { answer } = await post({}, {}, URL, Buffer.from('<html>not a recording</html>'.repeat(20)));
  assert.equal(answer.statusCode, 415, answer.payload);
  assert.equal(answer.json().error.code, 'audio_unrecognized');
});

test('an empty file, a form without a file and two files are told apart', async () => {
  const { app } = await toyService();
  const empty = await app.inject(formRequest(URL, new Uint8Array(0)));
  assert.equal(empty.json().error.code, 'file_empty');
  const headers = { host: 'localhost' };
  const none = await app.inject({ ...formRequest(URL, WAV), headers: { ...headers, 'content-type': 'text/plain' } });
  assert.equal(none.statusCode, 415);
  await app.close();
});

test('decoded seconds count: n is taken, n + 1 is not', async () => {
  const limits = { audioSecondsMax: 3 };
  assert.equal((await post({}, { limits })).answer.statusCode, 200);
  const { answer } = await post({}, { limits }, URL, toyWav(4));
  assert.equal(answer.statusCode, 413);
  assert.equal(answer.json().error.code, 'audio_too_long');
});

test('nothing of an upload stays on the disk, whatever became of it', async () => {
  const before = temporaryFolders();
  await post({});
  await post({ beams: '99' });
  await post({}, {}, URL, Buffer.from('nonsense'.repeat(100)));
  await post({}, { beforeUnit: () => Promise.reject(new Error('broken')) });
  await post({ stream: 'true' }, { beforeUnit: () => Promise.reject(new Error('broken')) });
  assert.equal(temporaryFolders(), before);
});

test('a bug is told without what went wrong inside', async () => {
  const secret = '/srv/models/secret.onnx broke';
  const { answer } = await post({}, { beforeUnit: () => Promise.reject(new Error(secret)) });
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.json().error.code, 'internal');
  assert.ok(!answer.payload.includes('secret'), answer.payload);
});

test('a failure within a stream is its last event', async () => {
  const fail = (index: number) => (index === 1 ? Promise.reject(new Error('broken')) : undefined);
  const { answer } = await post({ stream: 'true' }, { beforeUnit: fail });
  const all = events(answer.payload);
  assert.deepEqual(
    all.map(({ type }) => type),
    ['transcript.text.delta', 'error'],
  );
  assert.equal((all[1]!['error'] as { code: string }).code, 'internal');
});

test('a service without a speech recognizer says so', async () => {
  const { app, door, bytefuse } = await toyService({ loading: true });
  door.ready({ ...bytefuse, facts: { ...bytefuse.facts, recognizer: null } });
  const answer = await app.inject(formRequest(URL, WAV));
  assert.equal(answer.json().error.code, 'unsupported_parameter');
  await app.close();
});
