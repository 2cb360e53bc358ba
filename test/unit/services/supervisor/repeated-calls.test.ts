import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import type { EngineCall } from '../../../../services/app/engine.ts';
import type { CombinerClient, ReadPage } from '../../../../services/combiner/combiner-client.ts';
import { CrashRecord } from '../../../../services/supervisor/crash-record.ts';
import { POISON_MS, REPLACEMENTS_MAX } from '../../../../services/supervisor/limits.ts';
import { engineOver } from '../../../../services/supervisor/supervised-engine.ts';
import { SuspectLane } from '../../../../services/supervisor/suspect-lane.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { type ToyFate, ToyLines } from '../../../support/toy-lines.ts';
import { TOY_READ_OPTIONS, toyPage } from '../../../support/toy-pages.ts';
import { TOY_OPTIONS, toyAudio } from '../../../support/toy-recognizer.ts';
import { segment, transcript, unit } from '../../../support/toy-transcript.ts';

const lost = () => new AppError('peer_lost', 'the toy process crashed');

/** Hears three units; is lost before unit `lostAt`. */
function speech(lostAt = Number.POSITIVE_INFINITY, error: () => Error = lost): Partial<CombinerClient> {
  return {
    async transcribe(audio, _options, { onPartial } = {}) {
      for await (const _ of audio);
      const segments = [0, 1, 2].map((i) => segment(i, i + 1, ` ${i}`));
      for (const [i, one] of segments.entries()) {
        if (i === lostAt) throw error();
        onPartial?.(unit([one]), i);
      }
      return transcript(segments);
    },
  };
}

/** Reads each page as its width; is lost at the page of width `lostAt`. */
function pages(lostAt = 0): Partial<CombinerClient> {
  return {
    async *read(images) {
      let index = 0;
      for await (const { width } of images) {
        if (width === lostAt) throw lost();
        // What matters here of a page.
        yield { page: { index: index++, widthPx: width }, lines: [], warnings: [] } as unknown as ReadPage;
      }
    },
  };
}

function call(repeats = true) {
  const heard: string[] = [];
  const given: EngineCall = {
    signal: new AbortController().signal,
    onPartial: ({ segments }) => heard.push(segments[0]!.text),
    ...(repeats ? { repeatable: { again: () => toyAudio('again'), identity: async () => 'toy' } } : {}),
  };
  return { given, heard };
}

const engine = (...fates: ToyFate[]) => {
  const lines = new ToyLines(fates);
  return { lines, ...engineOver(lines) };
};

test('a transcription whose process is lost starts again, and each unit is told once', async () => {
  const { lines, transcribe } = engine({ client: speech(2) }, { client: speech() });
  const { given, heard } = call();
  const { segments } = await transcribe(toyAudio('text'), TOY_OPTIONS, given);
  assert.equal(segments.length, 3);
  assert.deepEqual(heard, [' 0', ' 1', ' 2']);
  assert.equal(lines.released, 2);
});

test('audio that is gone with its process is not tried again', async () => {
  const { lines, transcribe } = engine({ client: speech(1) }, { client: speech() });
  await assert.rejects(transcribe(toyAudio('text'), TOY_OPTIONS, call(false).given), { code: 'peer_lost' });
  assert.equal(lines.wishes.length, 1);
  assert.equal(lines.released, 1);
});

test('what fails for another reason than a lost process is not tried again', async () => {
  const failing = speech(1, () => new AppError('audio_corrupt', 'not a number'));
  const { lines, transcribe } = engine({ client: failing }, { client: speech() });
  await assert.rejects(transcribe(toyAudio('text'), TOY_OPTIONS, call().given), { code: 'audio_corrupt' });
  assert.equal(lines.wishes.length, 1);
});

test('two crashes on one input are the input, also for the next who brings it', async () => {
  const { lines, transcribe } = engine({ client: speech(1) }, { client: speech(1) }, { client: speech() });
  await assert.rejects(transcribe(toyAudio('text'), TOY_OPTIONS, call().given), { code: 'input_crashes' });
  await assert.rejects(transcribe(toyAudio('text'), TOY_OPTIONS, call().given), { code: 'input_crashes' });
  assert.equal(lines.wishes.length, 2);
});

test('processes that are replaced in order are no crash, and yet not followed without end', async () => {
  const replaced: ToyFate = { client: speech(1), loss: 'replaced' };
  const some = engine(replaced, replaced, replaced, { client: speech() });
  await some.transcribe(toyAudio('text'), TOY_OPTIONS, call().given);
  const many = engine(...Array<ToyFate>(REPLACEMENTS_MAX + 2).fill(replaced));
  await assert.rejects(many.transcribe(toyAudio('text'), TOY_OPTIONS, call().given), { code: 'peer_lost' });
  assert.equal(many.lines.wishes.length, REPLACEMENTS_MAX + 1);
});

test('what came without the language model says so', async () => {
  const { transcribe, read } = engine({ client: speech(), degraded: true }, { client: pages(), degraded: true });
  const { warnings } = await transcribe(toyAudio('text'), TOY_OPTIONS, call().given);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['degraded'],
  );
  for await (const page of read(images('one'), TOY_READ_OPTIONS, {})) assert.equal(page.warnings[0]?.code, 'degraded');
});

async function* images(...lines: string[]) {
  for (const line of lines) yield toyPage(line);
}

async function widths(read: AsyncGenerator<ReadPage, void>, into: number[] = []): Promise<number[]> {
  for await (const { page } of read) {
    assert.equal(page.index, into.length);
    into.push(page.widthPx);
  }
  return into;
}

test('pages that had not come back are read again, in order and each once', async () => {
  const { read } = engine({ client: pages(3) }, { client: pages(4) }, { client: pages() });
  assert.deepEqual(
    await widths(read(images('1', '12', '123', '1234', '12345'), TOY_READ_OPTIONS, {})),
    [1, 2, 3, 4, 5],
  );
});

test('a page that ends its process twice ends the reading; those before it were given', async () => {
  const { read, lines } = engine({ client: pages(3) }, { client: pages(3) }, { client: pages() });
  const given: number[] = [];
  const reading = widths(read(images('1', '12', '123', '1234'), TOY_READ_OPTIONS, {}), given);
  await assert.rejects(reading, { code: 'input_crashes' });
  assert.deepEqual(given, [1, 2]);
  assert.equal(lines.released, 2);
});

test('suspects go one at a time, and one that gives up lets the next one in', async () => {
  const lane = new SuspectLane();
  const order: string[] = [];
  const first = await lane.enter();
  const stop = new AbortController();
  const second = lane.enter(stop.signal).then(
    () => order.push('second'),
    () => order.push('gave up'),
  );
  const third = lane.enter().then((leave) => {
    order.push('third');
    leave();
  });
  stop.abort();
  await second;
  assert.deepEqual(order, ['gave up']);
  first();
  await third;
  assert.deepEqual(order, ['gave up', 'third']);
});

test('inputs that crash are forgotten after a while', () => {
  const clock = new ManualClock();
  const record = new CrashRecord(clock);
  assert.equal(record.any, false);
  record.add('a');
  clock.advance(POISON_MS);
  record.add('b');
  assert.ok(record.has('a') && record.has('b'));
  clock.advance(1);
  assert.ok(!record.has('a') && record.has('b'));
});
