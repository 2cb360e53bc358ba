import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type ErrorCode } from '../../../../models/core/app-error.ts';
import type { ListenOptions } from '../../../../models/core/live.ts';
import type { Segment } from '../../../../models/core/transcript.ts';
import { bytefuseOver, type TranscribeProgress } from '../../../../services/app/bytefuse.ts';
import type { Engine } from '../../../../services/app/engine.ts';
import { segment, transcript, unit } from '../../../support/toy-transcript.ts';

const RATE = 16_000;

/** Hears a word every ten seconds; counts what it is asked. */
function toyEngine(more: Partial<Engine> = {}) {
  const heard = { samples: 0, closed: 0, options: undefined as unknown };
  const engine: Engine = {
    facts: { recognizer: 'toy', pages: null, llm: null, device: 'cpu', threads: 1 },
    async transcribe(audio, options, { signal, onPartial }) {
      heard.options = options;
      const segments: Segment[] = [];
      for await (const chunk of audio) {
        signal.throwIfAborted();
        heard.samples += chunk.length;
        while (heard.samples >= 10 * RATE * (segments.length + 1)) {
          const at = 10 * segments.length;
          segments.push(segment(at, at + 10, ' word'));
          onPartial(unit([segments.at(-1)!]));
        }
      }
      return transcript(segments, { duration: heard.samples / RATE, language: options.language });
    },
    listen: () => assert.fail('no live streams here'),
    read: () => assert.fail('no pages are read here'),
    close: async () => {
      heard.closed++;
    },
    ...more,
  };
  return { heard, bytefuse: bytefuseOver(engine) };
}

const samples = (seconds: number) => ({ samples: new Float32Array(seconds * RATE) });
const code = (wanted: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === wanted;

async function* chunks(seconds: number): AsyncGenerator<Float32Array> {
  for (let i = 0; i < seconds; i++) yield new Float32Array(RATE);
}

test('samples become a transcript, with the time that it took', async () => {
  const { bytefuse, heard } = toyEngine();
  const result = await bytefuse.transcribe(samples(25), { language: 'en' });
  assert.equal(result.text, 'word word');
  assert.equal(result.duration, 25);
  assert.ok(result.timings.totalMs > 0);
  assert.equal(heard.samples, 25 * RATE);
});

test('options that are left out take their defaults', async () => {
  const { bytefuse, heard } = toyEngine();
  await bytefuse.transcribe(samples(1), { beams: 3 });
  const options = heard.options as Record<string, unknown>;
  assert.equal(options['beams'], 3);
  assert.equal(options['language'], 'auto');
  assert.ok(!('allowTruncated' in options));
});

test('progress only grows and ends at the length of the recording', async () => {
  const { bytefuse } = toyEngine();
  const seen: TranscribeProgress[] = [];
  await bytefuse.transcribe({ samples: chunks(95) }, {}, { onProgress: (progress) => seen.push(progress) });
  const done = seen.map(({ doneSeconds }) => doneSeconds);
  assert.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
  assert.ok(seen.length > 9);
  assert.equal(seen.at(-1)!.doneSeconds, 95);
  assert.equal(seen.at(-1)!.totalSeconds, 95);
  assert.equal(seen[0]!.totalSeconds, null);
});

test('options out of range never reach the engine', async () => {
  const { bytefuse, heard } = toyEngine();
  for (const bad of [
    { beams: 0 },
    { beams: 17 },
    { llmWeight: 1.5 },
    { llmWeight: Number.NaN },
    { temperatures: [] },
  ]) {
    await assert.rejects(bytefuse.transcribe(samples(1), bad), code('invalid_option'), JSON.stringify(bad));
  }
  assert.equal(heard.options, undefined);
});

test('a signal that has fired ends the call before any work', async () => {
  const { bytefuse, heard } = toyEngine();
  await assert.rejects(bytefuse.transcribe(samples(1), {}, { signal: AbortSignal.abort() }), code('canceled'));
  assert.equal(heard.options, undefined);
});

test('a signal that fires on the way cancels; one that times out is a deadline', async () => {
  const { bytefuse } = toyEngine();
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();
  await assert.rejects(
    bytefuse.transcribe({ samples: chunks(60) }, {}, { signal: controller.signal, onProgress }),
    code('canceled'),
  );
  const timeout = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
  await assert.rejects(bytefuse.transcribe(samples(1), {}, { signal: timeout }), code('deadline_exceeded'));
});

test('closing ends the calls under way, once', async () => {
  const { bytefuse, heard } = toyEngine();
  const running = bytefuse.transcribe({ samples: chunks(60) }, {}, { onProgress: () => void bytefuse.close() });
  await assert.rejects(running, code('canceled'));
  await bytefuse.close();
  assert.equal(heard.closed, 1);
});

test('what the engine throws reaches the caller', async () => {
  const { bytefuse } = toyEngine({
    transcribe: () => Promise.reject(new AppError('peer_lost', 'The recognizer is gone.')),
  });
  await assert.rejects(bytefuse.transcribe(samples(1)), code('peer_lost'));
});

test('a file that is missing is told with its code', async () => {
  const { bytefuse } = toyEngine();
  await assert.rejects(bytefuse.transcribe('no-such-file.wav'), code('file_not_found'));
});

test('live streams take their defaults, and closing ends them', async () => {
  let asked: ListenOptions | undefined;
  const { bytefuse } = toyEngine({
    async *listen(audio, options, { signal }) {
      asked = options;
      for await (const _ of audio) yield { kind: 'commit-empty', atS: 1 };
      await new Promise((_, reject) => {
        if (signal!.aborted) reject(new Error('stopped'));
        signal!.addEventListener('abort', () => reject(new Error('stopped')));
      });
      return assert.fail('it never ends by itself');
    },
  });
  const stream = bytefuse.listen(chunks(1), { partialIntervalMs: 700 });
  assert.deepEqual((await stream.next()).value, { kind: 'commit-empty', atS: 1 });
  assert.equal(asked?.partialIntervalMs, 700);
  assert.equal(asked?.turnDetection?.silenceMs, 500);
  const end = assert.rejects(stream.next(), code('canceled'));
  await bytefuse.close();
  await end;
});

test('options of a live stream out of range are refused', async () => {
  const { bytefuse } = toyEngine();
  await assert.rejects(bytefuse.listen(chunks(1), { partialIntervalMs: -1 }).next(), code('invalid_option'));
  await assert.rejects(bytefuse.listen(chunks(1), { llmWeight: 2 }).next(), code('invalid_option'));
});
