import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { type ListenOptions, type LiveEvent, type LiveInput, LLM_UNAVAILABLE } from '../../../../models/core/live.ts';
import type { RecognizerSummary } from '../../../../models/core/recognizer.ts';
import type { UnitSearch } from '../../../../models/core/stepwise.ts';
import { CombinerClient } from '../../../../services/combiner/combiner-client.ts';
import { CombinerService, type SearchFactory } from '../../../../services/combiner/combiner-service.ts';
import { RecognizerService } from '../../../../services/recognizer/recognizer-service.ts';
import { duplexPair } from '../../../support/duplex-pair.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import {
  TOY_LISTEN_OPTIONS,
  TOY_UNIT_SAMPLES,
  ToyRecognizer,
  toyAudio,
  toySamples,
  toySearch,
} from '../../../support/toy-recognizer.ts';

/**
 * A toy that hears a character per sample, as ToyRecognizer does; each of its units is an utterance with one final.
 */
class ToyLiveRecognizer extends ToyRecognizer {
  readonly marks: string[] = [];
  refuses = false;

  async *listen(
    input: AsyncIterable<LiveInput>,
    options: ListenOptions,
    search: UnitSearch,
    signal: AbortSignal,
  ): AsyncGenerator<LiveEvent, RecognizerSummary> {
    if (this.refuses) throw new AppError('overloaded', 'no room for one more');
    let utterance = 0;
    async function* audio(this: ToyLiveRecognizer): AsyncGenerator<Float32Array> {
      for await (const item of input) {
        if (typeof item === 'string') this.marks.push(item);
        else yield item;
      }
    }
    const results = this.transcribe(audio.call(this), options, search, signal);
    try {
      for (;;) {
        const next = await results.next();
        if (next.done) return next.value;
        const { text } = next.value.segments[0]!;
        const event = { utterance, text, committed: '', result: next.value, language: 'en' } as const;
        yield { kind: 'speech-start', utterance, startS: utterance };
        yield { kind: 'final', stage: 'fused', ...event };
        utterance++;
      }
    } finally {
      await results.return(undefined as never);
    }
  }
}

interface SetUp {
  readonly searchFor?: SearchFactory;
  readonly recognizer?: ToyRecognizer;
}

function setUp({ searchFor = () => toySearch(2), recognizer = new ToyLiveRecognizer() }: SetUp = {}) {
  const clock = new ManualClock();
  const combiner = new CombinerService({ searchFor, clock });
  const [applicationEnd, combinerEnd] = duplexPair();
  void combiner.serveApplication(combinerEnd);
  const client = new CombinerClient(applicationEnd, { clock });
  const [recognizerEnd, poolEnd] = duplexPair();
  const done = new RecognizerService(recognizer, { clock }).serve(recognizerEnd);
  void combiner.addRecognizer(poolEnd).catch(() => undefined);
  return { clock, combiner, client, recognizer, recognizerEnd, done };
}

const code = (wanted: string) => (error: unknown) => error instanceof AppError && error.code === wanted;

async function collect(stream: AsyncGenerator<LiveEvent, unknown>) {
  const events: LiveEvent[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done) return { events, summary: next.value };
    events.push(next.value);
  }
}

const texts = (events: readonly LiveEvent[]) => events.flatMap((event) => (event.kind === 'final' ? [event.text] : []));

test('audio goes in, events come out in order, and the summary after them', async () => {
  const { client, recognizer } = setUp();
  const text = 'heard while it is spoken';
  const { events, summary } = await collect(client.listen(toyAudio(text), TOY_LISTEN_OPTIONS));
  assert.equal(texts(events).join(''), text);
  assert.equal(events.length, 2 * Math.ceil(text.length / TOY_UNIT_SAMPLES));
  const { duration, timings } = summary as { duration: number; timings: { llmMs: number } };
  assert.equal(duration, text.length / 16_000);
  assert.equal(timings.llmMs, 3, 'what the searches said that the language model took');
  assert.equal(recognizer.liveStreams, 0);
});

test('marks arrive in their place among the audio', async () => {
  const recognizer = new ToyLiveRecognizer();
  const { client } = setUp({ recognizer });
  async function* input(): AsyncGenerator<LiveInput> {
    yield toySamples('one');
    yield 'commit';
    yield toySamples('two');
    yield 'clear';
  }
  await collect(client.listen(input(), TOY_LISTEN_OPTIONS));
  assert.deepEqual(recognizer.marks, ['commit', 'clear']);
});

test("a search that fails is replaced by the recognizer's own, with a warning, and the next unit tries again", async () => {
  let asked = 0;
  const weights: (number | undefined)[] = [];
  const warnings: string[] = [];
  const searchFor: SearchFactory = ({ options }) => {
    weights.push(options.llmWeight);
    if (options.llmWeight === 0) return toySearch(1);
    return async (source, signal) => {
      if (asked++ === 0) throw new AppError('model_missing', 'no language model');
      return toySearch(2)(source, signal);
    };
  };
  const recognizer = new (class extends ToyLiveRecognizer {
    override transcribe(...[audio, options, search, signal]: Parameters<ToyRecognizer['transcribe']>) {
      const listening: UnitSearch = async (source, own) => {
        const outcome = await search(source, own);
        warnings.push(...(outcome.warnings ?? []).map((warning) => warning.code));
        return outcome;
      };
      return super.transcribe(audio, options, listening, signal);
    }
  })();
  const { client } = setUp({ searchFor, recognizer });
  const { events } = await collect(client.listen(toyAudio('two units of it'), TOY_LISTEN_OPTIONS));
  assert.equal(texts(events).join(''), 'two units of it');
  assert.deepEqual(warnings, [LLM_UNAVAILABLE]);
  assert.deepEqual(weights, [undefined, undefined, 0]);
});

test('a recognizer that is full says so to the caller', async () => {
  const recognizer = new ToyLiveRecognizer();
  recognizer.refuses = true;
  const { client } = setUp({ recognizer });
  await assert.rejects(collect(client.listen(toyAudio('x'), TOY_LISTEN_OPTIONS)), code('overloaded'));
});

test('a recognizer of recordings alone refuses live streams', async () => {
  const { client } = setUp({ recognizer: new ToyRecognizer() });
  await assert.rejects(collect(client.listen(toyAudio('x'), TOY_LISTEN_OPTIONS)), code('invalid_option'));
});

/** A microphone that falls silent after `text`, and notes when it is let go. */
function microphone(text: string) {
  let letGo: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const input: AsyncIterable<LiveInput> = {
    [Symbol.asyncIterator]() {
      let said = false;
      return {
        next: () => {
          if (said) return new Promise(() => undefined);
          said = true;
          return Promise.resolve({ done: false as const, value: toySamples(text) });
        },
        return: () => {
          letGo();
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  };
  return { input, released };
}

test('cancel, deadline, an early return and a lost peer end the stream and free the recognizer', async () => {
  for (const how of ['cancel', 'deadline', 'return', 'lost'] as const) {
    const { client, clock, recognizer, recognizerEnd, done } = setUp();
    const control = new AbortController();
    const { input, released } = microphone('12345678');
    const stream = client.listen(input, TOY_LISTEN_OPTIONS, {
      signal: control.signal,
      ...(how === 'deadline' && { deadlineMs: 1000 }),
    });
    assert.equal((await stream.next()).done, false);
    if (how === 'return') await stream.return(undefined as never);
    else {
      if (how === 'cancel') control.abort();
      if (how === 'deadline') clock.advance(1001);
      if (how === 'lost') recognizerEnd.close();
      const wanted = { cancel: 'canceled', deadline: 'deadline_exceeded', lost: 'peer_lost' }[how];
      await assert.rejects(collect(stream), code(wanted), how);
    }
    await released;
    client.close();
    recognizerEnd.close();
    await done;
    assert.equal(recognizer.liveStreams, 0, how);
  }
});

test("what the caller's audio throws comes back as it is, bad samples as such", async () => {
  const { client } = setUp();
  async function* broken(): AsyncGenerator<LiveInput> {
    yield toySamples('one');
    throw new TypeError('pulled out');
  }
  await assert.rejects(collect(client.listen(broken(), TOY_LISTEN_OPTIONS)), TypeError);
  async function* bad(): AsyncGenerator<LiveInput> {
    yield Float32Array.of(0.5, Number.NaN);
  }
  await assert.rejects(collect(client.listen(bad(), TOY_LISTEN_OPTIONS)), code('audio_corrupt'));
});

test('a reader that does not read holds up its own stream and no other', async () => {
  const { client } = setUp();
  const slow = client.listen(toyAudio('never read to its end'), TOY_LISTEN_OPTIONS);
  await slow.next();
  const { events } = await collect(client.listen(toyAudio('read at once'), TOY_LISTEN_OPTIONS));
  assert.equal(texts(events).join(''), 'read at once');
  await slow.return(undefined as never);
});
