import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../models/core/app-error.ts';
import { LIVE_LAG_PARTIALS_MS } from '../../../../models/core/limits.ts';
import {
  type CommittedText,
  type LiveEvent,
  type LiveFinal,
  type LiveInput,
  type LivePartial,
  LLM_UNAVAILABLE,
} from '../../../../models/core/live.ts';
import type { UnitSearch } from '../../../../models/core/stepwise.ts';
import { plainBeam } from '../../../../models/whisper/plain-beam.ts';
import {
  collect,
  inChunks,
  spokenInTime,
  TOY_RATE_HZ,
  toyListener,
  toySpeech,
  toyText,
} from '../../../support/toy-live.ts';
import { toyTokens } from '../../../support/toy-whisper.ts';

const WORDS = [0, 1, 2, 3, 1, 0, 2, 2, 1, 3, 0, 1];
/** Every other pass over an odd number of words takes the last for another. */
const misheard = (heard: number, frames: number) => (heard % 2 === 1 && frames % 3 !== 0 ? 3 : undefined);

const partialsOf = (events: readonly LiveEvent[]) =>
  events.filter((event): event is LivePartial => event.kind === 'partial');
const finalsOf = (events: readonly LiveEvent[]) => events.filter((event): event is LiveFinal => event.kind === 'final');
const beam = plainBeam({ beams: 2, nBest: 1 });

test('an utterance grows word by word, and its finals follow it, recognized and then fused', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS, misheard));
  const { events, summary } = await collect(listen(inChunks(toySpeech(1, 3, 1))));
  const kinds = events.map((event) => (event.kind === 'final' ? event.stage : event.kind));
  assert.equal(kinds[0], 'speech-start');
  assert.deepEqual(kinds.slice(-3), ['speech-end', 'recognized', 'fused']);
  assert.ok(kinds.slice(1, -3).every((kind) => kind === 'partial'));
  const partials = partialsOf(events);
  assert.ok(partials.length >= 4, `${partials.length} partials`);
  assert.deepEqual(
    partials.map(({ revision }) => revision),
    partials.map((_, i) => i),
  );
  let committed = '';
  for (const partial of partials) {
    assert.ok(partial.committed.startsWith(committed), `"${partial.committed}" after "${committed}"`);
    ({ committed } = partial);
  }
  assert.ok(committed.length > 5, `"${committed}" was committed`);
  for (const final of finalsOf(events)) {
    assert.ok(final.text.startsWith(committed));
    assert.equal(final.committed, committed);
    assert.equal(final.result.segments[0]!.text.trim(), final.text);
    assert.ok(final.result.segments[0]!.start >= 0.6 && final.result.segments[0]!.end <= 4.3);
  }
  assert.equal(summary.duration, toySpeech(1, 3, 1).length / TOY_RATE_HZ);
  assert.equal(whisper.liveTrees, 0);
});

test('a pass that mishears a word costs nothing where the next one corrects it', async () => {
  const heard = await collect(toyListener(spokenInTime(WORDS, misheard)).listen(inChunks(toySpeech(1, 3, 1))));
  const right = await collect(toyListener(spokenInTime(WORDS)).listen(inChunks(toySpeech(1, 3, 1))));
  assert.equal(finalsOf(right.events)[1]!.text, toyText(WORDS.slice(0, 8)));
  assert.equal(finalsOf(heard.events)[1]!.text.slice(0, 10), toyText(WORDS).slice(0, 10));
});

test('the final is begun in the pause and done once: the encoder works no more for it', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1)), { options: { llmWeight: 0 } }));
  assert.equal(whisper.encoded.length, partialsOf(events).length + 1);
});

test('speech that goes on after a pause takes the early final back', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(listen(inChunks(toySpeech(1, 1.6, 0.35, 1.6, 1))));
  assert.equal(events.filter(({ kind }) => kind === 'speech-end').length, 1);
  assert.equal(finalsOf(events).length, 2);
});

test('two utterances: the second is shown the first, for the prompt and for the language model', async () => {
  const previous: string[] = [];
  const search: UnitSearch = (source, signal) => {
    previous.push(source.unit.previousText);
    return beam(source, signal);
  };
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(
    listen(inChunks(toySpeech(1, 1.6, 1, 1.6, 1)), { search, options: { partialIntervalMs: 0 } }),
  );
  const [first, , second] = finalsOf(events);
  assert.deepEqual([first!.utterance, second!.utterance], [0, 1]);
  assert.deepEqual(previous, ['', ` ${first!.text}`]);
  const before = toyTokens.encode(` ${first!.text}`);
  assert.equal(toyTokens.decode(whisper.prompts.at(-1)!.slice(1, 1 + before.length)), ` ${first!.text}`);
  assert.equal(whisper.prompts.at(-1)![0], toyTokens.startOfPrevious);
});

test('the fused search goes on from what is committed, which it cannot change', async () => {
  const seen: { previousText: string; steps: number }[] = [];
  const contrary: UnitSearch = async (source, signal) => {
    const { stats, hypotheses } = await beam(source, signal);
    seen.push({ previousText: source.unit.previousText, steps: hypotheses[0]!.tokens.length });
    // A search that would have it all otherwise.
    const tokens = [4, 3, 3];
    return {
      hypotheses: [{ tokens, tokenLogProbs: [-1, -1, -1, -1], recognizerLogProb: -4, ended: true }],
      changes: [{ recognized: ' a', chosen: ' acc', offset: 0, recognizedLogProb: BOTH, chosenLogProb: BOTH }],
      stats,
    };
  };
  const { listen } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(
    listen(inChunks(toySpeech(1, 3, 1)), { search: contrary, options: { temperatures: [0] } }),
  );
  const [recognized, fused] = finalsOf(events);
  assert.ok(fused!.committed.length > 0);
  assert.equal(fused!.text, `${fused!.committed} acc`);
  assert.notEqual(fused!.text, recognized!.text);
  assert.equal(seen[0]!.previousText, ` ${fused!.committed}`);
  assert.equal(fused!.result.changes[0]!.offset, 1 + fused!.committed.length, 'offsets are those of the whole text');
  const { tokens, tokenLogProbs } = fused!.result.hypotheses[0]!;
  assert.equal(tokenLogProbs.length, tokens.length + 1);
});

const BOTH = { recognizer: -1, llm: -1 };

test('without a language model in the search no second search is made', async () => {
  const search: UnitSearch = () => assert.fail('nothing to fuse');
  const { listen } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(listen(inChunks(toySpeech(1, 2, 1)), { search, options: { llmWeight: 0 } }));
  const [recognized, fused] = finalsOf(events);
  assert.deepEqual({ ...fused, stage: 'recognized' }, recognized);
});

test("a search that fails leaves the recognizer's text, marked as degraded; one that says so itself as well", async () => {
  const fail: UnitSearch = () => Promise.reject(new AppError('model_missing', 'no language model'));
  const { listen } = toyListener(spokenInTime(WORDS));
  const failed = await collect(listen(inChunks(toySpeech(1, 2, 1)), { search: fail }));
  const [recognized, fused] = finalsOf(failed.events);
  assert.deepEqual(fused, { ...recognized, stage: 'fused', degraded: true });
  assert.equal(failed.summary.warnings[0]!.code, LLM_UNAVAILABLE);
  const told: UnitSearch = async (source, signal) => ({
    ...(await beam(source, signal)),
    warnings: [{ code: LLM_UNAVAILABLE, message: 'away' }],
  });
  const { events } = await collect(listen(inChunks(toySpeech(1, 2, 1)), { search: told }));
  assert.deepEqual(
    finalsOf(events).map(({ degraded }) => degraded),
    [undefined, true],
  );
});

test('silence costs no pass and gives no event', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  const { events, summary } = await collect(listen(inChunks(toySpeech(20))));
  assert.deepEqual([events, whisper.encoded.length, Math.round(summary.duration)], [[], 0, 20]);
});

test('text that the model invents in silence is not shown, and its final is empty', async () => {
  const { listen } = toyListener(
    () =>
      ({ path }) =>
        new Map([
          [toyTokens.noSpeech, 14],
          [path.length < 3 ? 4 : 12, 1],
        ]),
  );
  const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1))));
  assert.deepEqual(partialsOf(events), []);
  assert.deepEqual(
    finalsOf(events).map(({ text, result }) => [text, result.hypotheses, result.changes]),
    [
      ['', [], []],
      ['', [], []],
    ],
  );
});

test('a loop is neither shown nor committed', async () => {
  const { listen } = toyListener(() => () => new Map([[4, 20]]));
  const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1)), { options: { temperatures: [0] } }));
  assert.deepEqual(partialsOf(events), []);
  assert.equal(finalsOf(events)[0]!.text, 'a');
});

test('while the language is a guess nothing is committed', async () => {
  const answer = (sure: number) => (whisper: Parameters<Parameters<typeof toyListener>[0]>[0]) => {
    const spoken = spokenInTime(WORDS)(whisper);
    return (question: Parameters<typeof spoken>[0]) =>
      new Map([...spoken(question), [toyTokens.languageId('zh'), sure]] as [number, number][]);
  };
  const listen = (sure: number) =>
    collect(toyListener(answer(sure)).listen(inChunks(toySpeech(1, 2, 1)), { options: { language: 'auto' } }));
  const unsure = await listen(1);
  assert.ok(partialsOf(unsure.events).length > 0);
  assert.ok(partialsOf(unsure.events).every(({ committed, pending }) => committed === '' && pending !== ''));
  const sure = await listen(5);
  assert.ok(partialsOf(sure.events).some(({ committed }) => committed !== ''));
  assert.equal(sure.summary.language, 'zh');
  assert.equal(finalsOf(sure.events)[0]!.language, 'zh');
});

test('word times come with partials and finals where they are asked for', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1)), { options: { timestamps: 'word' } }));
  for (const event of events) {
    if (event.kind !== 'partial' && event.kind !== 'final') continue;
    const words = event.kind === 'partial' ? event.words! : event.result.segments[0]!.words!;
    const text = event.kind === 'partial' ? event.committed + event.pending : event.text;
    assert.equal(
      words
        .map(({ word }) => word)
        .join('')
        .trim(),
      text,
    );
    for (const { start, end } of words) assert.ok(start >= 0.69 && end >= start && end <= 4.3);
  }
});

/** The words of the toy speaker as another process spelled the first two: as many tokens, other ones. */
const OTHERWISE = 'a aa aa';
const resumed = (...committed: readonly CommittedText[]) => ({
  returning: true,
  committed,
  timestamps: 'word' as const,
});

for (const partialIntervalMs of [500, 0]) {
  test(`an utterance goes on from the words that another process committed, with partials every ${partialIntervalMs} ms`, async () => {
    const { listen, whisper } = toyListener(spokenInTime(WORDS));
    const options = { ...resumed({ startS: 0.7, heardS: 2, text: OTHERWISE }), partialIntervalMs };
    const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1)), { options }));
    assert.equal(partialsOf(events).length > 0, partialIntervalMs > 0);
    assert.ok(
      partialsOf(events).every(({ heardS }) => heardS > 2),
      'what was heard already is not told again',
    );
    for (const event of events) {
      if (event.kind !== 'partial' && event.kind !== 'final') continue;
      assert.ok(event.committed.startsWith(OTHERWISE), event.committed);
      const words = event.kind === 'partial' ? event.words! : event.result.segments[0]!.words!;
      let clock = 0.69;
      for (const { start, end, probability } of words) {
        assert.ok(start >= clock && end >= start && end <= 4.3 && probability > 0 && probability <= 1);
        clock = start;
      }
    }
    for (const { text, result } of finalsOf(events)) {
      assert.equal(text, `${OTHERWISE} ${toyText(WORDS.slice(3, 8))}`);
      const [hypothesis] = result.hypotheses;
      assert.equal(hypothesis!.tokenLogProbs.length, hypothesis!.tokens.length + 1);
      assert.ok(hypothesis!.tokenLogProbs.every((logProb) => Number.isFinite(logProb) && logProb <= 0));
      assert.ok(hypothesis!.tokenLogProbs[2]! < -5, 'what this process does not hear is improbable to it');
    }
    assert.equal(whisper.liveTrees, 0);
  });
}

test('words of another process that are improbable here are no reason to try again', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  const options = { ...resumed({ startS: 0.7, heardS: 2, text: 'aa ac ac' }), timestamps: 'none' as const };
  const { events } = await collect(listen(inChunks(toySpeech(1, 1.6, 1)), { options }));
  for (const { text, result } of finalsOf(events)) {
    assert.ok(text.startsWith('aa ac ac'));
    assert.equal(result.segments[0]!.temperature, 0);
  }
  assert.deepEqual(new Set(whisper.encoded), new Set([false]), 'nothing was encoded a second time, whole');
});

test('each utterance goes on from its own words: one that is dropped takes its own with it', async () => {
  const options = {
    ...resumed(
      { startS: 0, endS: 2, heardS: 1, text: 'aa' },
      { startS: 2, endS: 3, heardS: 0, text: '' },
      { startS: 3, heardS: 3, text: 'acc' },
    ),
    turnDetection: null,
    partialIntervalMs: 0,
  };
  const { listen } = toyListener(spokenInTime(WORDS));
  const turns = [toySpeech(0.5, 1.2), 'clear', toySpeech(0, 1), 'commit', toySpeech(0, 1.6), 'commit'] as const;
  const { events } = await collect(listen(marked(...turns), { options }));
  assert.deepEqual(
    finalsOf(events).flatMap(({ stage, committed, text }) => (stage === 'fused' ? [[committed, text]] : [])),
    [
      ['', toyText(WORDS.slice(0, 2))],
      ['acc', `acc ${toyText(WORDS.slice(2, 4))}`],
    ],
  );
});

test('an utterance in which nobody speaks after all keeps the words that were committed', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const options = { ...resumed({ startS: 0, heardS: 1, text: OTHERWISE }), turnDetection: null };
  const { events } = await collect(listen(marked(toySpeech(3), 'commit'), { options }));
  assert.deepEqual(
    finalsOf(events).map(({ committed, text }) => [committed, text.startsWith(OTHERWISE)]),
    [
      [OTHERWISE, true],
      [OTHERWISE, true],
    ],
  );
});

test('words that are too many to go on from are left to whoever told of them', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const options = resumed({ startS: 0.7, heardS: 2, text: Array(200).fill('a').join(' ') });
  const { events } = await collect(listen(inChunks(toySpeech(1, 3, 1)), { options }));
  assert.equal(finalsOf(events)[1]!.text, toyText(WORDS.slice(0, 8)));
});

async function* marked(...items: readonly LiveInput[]): AsyncGenerator<LiveInput> {
  for (const item of items) {
    if (typeof item === 'string') yield item;
    else yield* inChunks(item);
  }
}

test("without turn detection the caller's commits make the utterances", async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const input = marked('commit', toySpeech(0.5, 1.5), 'commit', toySpeech(0, 1), 'clear', toySpeech(0, 1.2));
  const { events } = await collect(listen(input, { options: { turnDetection: null } }));
  const told = events
    .filter(({ kind }) => kind !== 'partial')
    .map((event) => {
      if (event.kind === 'final') return `${event.utterance} ${event.stage}`;
      return 'utterance' in event ? `${event.utterance} ${event.kind}` : event.kind;
    });
  assert.deepEqual(told, [
    'commit-empty',
    ...['0 speech-start', '0 speech-end', '0 recognized', '0 fused'],
    ...['1 speech-start', '1 cleared'],
    ...['2 speech-start', '2 speech-end', '2 recognized', '2 fused'],
  ]);
});

test('a committed turn in which nobody spoke is empty, without a pass', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  const { events } = await collect(listen(marked(toySpeech(3), 'commit'), { options: { turnDetection: null } }));
  assert.deepEqual(
    finalsOf(events).map(({ text }) => text),
    ['', ''],
  );
  assert.equal(whisper.encoded.length, 0);
});

test('a turn that is cut at its longest keeps its text, wherever in a chunk that is', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  // Not a multiple of the steps in which samples are taken: the next turn begins in the same step.
  const samples = toySpeech(0, 12).subarray(0, 11 * TOY_RATE_HZ + 100);
  async function* input(): AsyncGenerator<LiveInput> {
    yield samples.subarray(0, 100);
    yield 'commit';
    yield* inChunks(samples.subarray(100), [1500]);
  }
  const { events } = await collect(
    listen(input(), { options: { turnDetection: null, utteranceSecondsMax: 5, partialIntervalMs: 0 } }),
  );
  const texts = finalsOf(events).flatMap(({ stage, text }) => (stage === 'fused' ? [text] : []));
  assert.deepEqual(texts, ['', toyText(WORDS), toyText(WORDS), toyText(WORDS.slice(0, 2))]);
});

test('speech that a click began long ago is still there once it is certain', async () => {
  const turnDetection = { threshold: 0.5, prefixPaddingMs: 300, silenceMs: 3000 };
  for (let silence = 2; silence < 6; silence += 0.5) {
    const { listen } = toyListener(spokenInTime(WORDS));
    const { events } = await collect(
      listen(inChunks(toySpeech(silence, 0.064, 2.5, 2, 4)), { options: { turnDetection } }),
    );
    const [start] = events;
    assert.ok(start?.kind === 'speech-start' && Math.abs(start.startS - (silence - 0.3)) < 0.05);
    assert.equal(finalsOf(events).length, 2);
  }
});

test('an abort ends the stream with its reason, at once and with nothing left', async () => {
  const reason = new AppError('canceled', 'enough');
  for (const when of ['partial', 'search', 'silence'] as const) {
    const control = new AbortController();
    const { listen, whisper } = toyListener((own) => {
      const spoken = spokenInTime(WORDS)(own);
      return (question) => {
        if (when === 'partial') control.abort(reason);
        return spoken(question);
      };
    });
    const search: UnitSearch = (source, signal) => {
      if (when === 'search') control.abort(reason);
      return beam(source, signal);
    };
    let returned = false;
    async function* microphone(): AsyncGenerator<LiveInput> {
      try {
        yield* inChunks(when === 'silence' ? toySpeech(1) : toySpeech(1, 2, 1));
        if (when === 'silence') setImmediate(() => control.abort(reason));
        while (when !== 'silence') yield new Float32Array(512);
        await new Promise(() => undefined);
      } finally {
        returned = true;
      }
    }
    await assert.rejects(collect(listen(microphone(), { search, signal: control.signal })), reason);
    assert.equal(whisper.liveTrees, 0);
    if (when !== 'silence') assert.equal(returned, true, when);
  }
});

test('an early return frees the stream, its seat and its source', async () => {
  const { listen, whisper } = toyListener(spokenInTime(WORDS), { streamsMax: 1 });
  const first = listen(inChunks(toySpeech(1, 3, 1)));
  assert.deepEqual((await first.next()).value, { kind: 'speech-start', utterance: 0, startS: 0.692 });
  await assert.rejects(listen(inChunks(toySpeech(1))).next(), (error) => (error as AppError).code === 'overloaded');
  await first.return(undefined as never);
  assert.equal(whisper.liveTrees, 0);
  await collect(listen(inChunks(toySpeech(1))));
});

test('what the input throws is what the stream throws', async () => {
  async function* broken(): AsyncGenerator<LiveInput> {
    yield toySpeech(1, 1);
    throw new Error('the microphone was pulled out');
  }
  const { listen, whisper } = toyListener(spokenInTime(WORDS));
  await assert.rejects(collect(listen(broken())), /pulled out/);
  assert.equal(whisper.liveTrees, 0);
});

test('a stream that lags gets no partials, and gets them again once the recognizer has caught up', async () => {
  let nowMs = 0;
  // Each pass over the first seconds takes far too long.
  let slow = true;
  const { listen } = toyListener(
    (own) => {
      const spoken = spokenInTime(WORDS)(own);
      return (question) => {
        if (slow && question.path.length === 0) nowMs += LIVE_LAG_PARTIALS_MS + 100;
        return spoken(question);
      };
    },
    { nowMs: () => nowMs },
  );
  async function* paced(): AsyncGenerator<LiveInput> {
    for (const chunk of [toySpeech(1, 2), toySpeech(0, 3), toySpeech(1)]) {
      for await (const piece of inChunks(chunk, [512])) {
        nowMs += 32;
        yield piece;
        // Passes get their turn, as they would between two chunks of a microphone.
        for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      }
      slow = false;
    }
  }
  const { events } = await collect(listen(paced()));
  const shed = events.flatMap((event) => (event.kind === 'shed' ? [event.what] : []));
  assert.deepEqual(shed, ['partials', 'nothing']);
  assert.ok(events.some((event) => event.kind === 'lag' && event.lagMs > LIVE_LAG_PARTIALS_MS));
  const back = events.findIndex((event) => event.kind === 'shed' && event.what === 'nothing');
  assert.ok(partialsOf(events.slice(back)).length > 0);
  assert.equal(finalsOf(events).length, 2);
});

test('options out of range are refused before any audio is read', async () => {
  const { listen } = toyListener(spokenInTime(WORDS));
  const refused = (options: object, text: RegExp) =>
    assert.rejects(listen(inChunks(toySpeech(1)), { options }).next(), text);
  await refused({ policy: 'guess' }, /policy is guess/);
  await refused({ holdMs: -1 }, /holdMs is -1/);
  await refused({ partialIntervalMs: 10_001 }, /partialIntervalMs is 10001/);
  await refused({ utteranceSecondsMax: 26 }, /utteranceSecondsMax is 26/);
  await refused({ turnDetection: { threshold: 2, prefixPaddingMs: 0, silenceMs: 500 } }, /threshold is 2/);
  await refused({ turnDetection: { threshold: 0.5, prefixPaddingMs: 0, silenceMs: 99 } }, /silenceMs is 99/);
  await refused({ language: 'xx' }, /"xx"/);
});
