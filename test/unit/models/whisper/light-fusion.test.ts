import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveEvent, LiveFinal, LivePartial } from '../../../../models/core/live.ts';
import type { StepwiseUnit, UnitSearch } from '../../../../models/core/stepwise.ts';
import { plainBeam } from '../../../../models/whisper/plain-beam.ts';
import {
  collect,
  inChunks,
  spokenInTime,
  TOY_WORDS,
  type ToyLiveOptions,
  toyListener,
  toySpeech,
} from '../../../support/toy-live.ts';
import type { ToyAnswer, ToyWhisper } from '../../../support/toy-whisper.ts';

/** " a ac aa a ac aa a ac": the second word begins with the token at place 1, and its end is at place 2. */
const WORDS = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1];
const UNSURE_PLACE = 2;
const [C, A] = [TOY_WORDS[1]![1]!, TOY_WORDS[2]![1]!];

/** Says WORDS, and takes " aa" for the second word at nearly the same odds. */
function unsure(whisper: () => ToyWhisper): ToyAnswer {
  const sure = spokenInTime(WORDS)(whisper);
  return (question) => {
    const logits = new Map(sure(question));
    if (question.path.length === UNSURE_PLACE && logits.get(C) === 12) logits.set(A, 11);
    return logits;
  };
}

const beam = plainBeam({ beams: 2, nBest: 1 });
const FUSED = { score: -1, llmLogProb: -1, llmTokens: 1, bytes: 3, llmWeight: 0.25 };

/** A language model that wants " aa" where light fusion asks it; finals are the recognizer's. */
function wantsAa(asked: StepwiseUnit[]): UnitSearch {
  return async (source, signal) => {
    const outcome = await beam(source, signal);
    if (source.unit.beams === undefined) return outcome;
    asked.push(source.unit);
    const [best] = outcome.hypotheses;
    const tokens = best!.tokens[0] === C ? [A, ...best!.tokens.slice(1)] : best!.tokens;
    return { ...outcome, hypotheses: [{ ...best!, tokens, fused: FUSED }] };
  };
}

const partialsOf = (events: readonly LiveEvent[]) =>
  events.filter((event): event is LivePartial => event.kind === 'partial');
const finalsOf = (events: readonly LiveEvent[]) => events.filter((event): event is LiveFinal => event.kind === 'final');
const textOf = ({ committed, pending }: LivePartial) => committed + pending;

async function hear(given: ToyLiveOptions, answer = unsure) {
  const { listen, whisper } = toyListener(answer);
  const { events } = await collect(listen(inChunks(toySpeech(1, 4, 1)), given));
  assert.equal(whisper.liveTrees, 0, 'no tree is left');
  return { partials: partialsOf(events), finals: finalsOf(events) };
}

test('a partial is searched again from the first token that it is not sure of, with few beams', async () => {
  const asked: StepwiseUnit[] = [];
  const { partials, finals } = await hear({ search: wantsAa(asked) });
  assert.ok(asked.length > 0);
  for (const { beams, previousText } of asked) {
    assert.equal(beams, 3);
    assert.equal(previousText, ' a a', 'what is sure stands, and the language model goes on from it');
  }
  const fused = partials.filter(({ stage }) => stage === 'fused');
  assert.ok(fused.length > 0);
  for (const partial of fused) assert.match(textOf(partial), /^a aa/);
  assert.ok(fused.some((partial) => partial.words === undefined));
  const { committed } = partials.at(-1)!;
  assert.match(committed, /^a aa/, 'what was fused is what becomes committed');
  for (const { text } of finals) assert.ok(text.startsWith(committed));
});

test('it is searched again from the start of a character, not from a token within', async () => {
  const HAO = [8, 9, 10];
  const answer = (whisper: () => ToyWhisper): ToyAnswer => {
    return ({ path }) => {
      const next = HAO[path.length] ?? whisper().parts.tokens.endOfText;
      return new Map([[next, 12], ...(path.length === 1 ? ([[C, 11]] as const) : [])]);
    };
  };
  const found: (readonly number[])[] = [];
  const search: UnitSearch = async (source, signal) => {
    const outcome = await beam(source, signal);
    if (source.unit.beams !== undefined) found.push(outcome.hypotheses[0]!.tokens);
    return outcome;
  };
  await hear({ search, options: { language: 'zh' } }, answer);
  assert.ok(found.length > 0);
  for (const tokens of found) assert.deepEqual(tokens, HAO);
});

test('once the unsure word is committed nothing is asked, and partials are the recognizer’s', async () => {
  const asked: StepwiseUnit[] = [];
  const { partials } = await hear({ search: wantsAa(asked) });
  const last = partials.at(-1)!;
  assert.match(last.committed, /^a aa/);
  assert.equal(last.stage, 'recognized');
});

test('word times are those of the words that are shown', async () => {
  const { partials } = await hear({ search: wantsAa([]), options: { timestamps: 'word' } });
  for (const partial of partials) {
    assert.equal(
      partial
        .words!.map(({ word }) => word)
        .join('')
        .trim(),
      textOf(partial).trim(),
    );
    for (const { start, end } of partial.words!) assert.ok(end >= start && end <= partial.heardS + 0.011);
  }
});

test('a text that is sure throughout is not searched again, nor is the first one of an utterance', async () => {
  const asked: StepwiseUnit[] = [];
  const { partials } = await hear({ search: wantsAa(asked) }, (whisper) => spokenInTime(WORDS)(whisper));
  assert.equal(asked.length, 0);
  assert.ok(partials.every(({ stage }) => stage === 'recognized'));
  const early = await hear({ search: wantsAa(asked), options: { partialIntervalMs: 10_000 } });
  assert.equal(early.partials.length, 1);
  assert.equal(asked.length, 0);
});

for (const [name, options] of [
  ['the weight of the language model is 0', { llmWeight: 0 }],
  ['it is switched off', { lightFusion: false }],
] as const) {
  test(`no light fusion where ${name}`, async () => {
    const asked: StepwiseUnit[] = [];
    const { partials } = await hear({ search: wantsAa(asked), options });
    assert.equal(asked.length, 0);
    assert.ok(partials.every(({ stage }) => stage === 'recognized'));
  });
}

test('where no language model took part in a language, it is not asked again in that utterance', async () => {
  let asked = 0;
  const search: UnitSearch = (source, signal) => {
    if (source.unit.beams !== undefined) asked++;
    return beam(source, signal);
  };
  const { partials } = await hear({ search });
  assert.equal(asked, 1);
  assert.ok(partials.every(({ stage }) => stage === 'recognized'));
});

test('a language model that fails costs no partial', async () => {
  let asked = 0;
  const search: UnitSearch = (source, signal) => {
    if (source.unit.beams === undefined) return beam(source, signal);
    asked++;
    return Promise.reject(new Error('away'));
  };
  const { partials, finals } = await hear({ search });
  const without = await hear({ search: beam, options: { lightFusion: false } });
  assert.equal(asked, 1);
  assert.deepEqual(partials.map(textOf), without.partials.map(textOf));
  assert.ok(finals.every(({ degraded }) => degraded === undefined));
});

test('a search that ends after its utterance did changes nothing', async () => {
  let free: () => void = () => undefined;
  const late = new Promise<void>((resolve) => {
    free = resolve;
  });
  const nowMs = () => 0;
  const { listen, whisper } = toyListener(unsure, { nowMs });
  const search = wantsAa([]);
  const offered: number[] = [];
  const slow: UnitSearch = async (source, signal) => {
    if (source.unit.beams === undefined) return search(source, signal);
    await late;
    const { beams } = await source.start(2, signal);
    const next = await source.advance([{ beam: 0, token: beams[0]!.ids[0]! }], signal);
    offered.push(next.beams[0]!.ids.length);
    return search(source, signal);
  };
  const events: LiveEvent[] = [];
  for await (const event of listen(inChunks(toySpeech(1, 4, 1)), { search: slow })) {
    events.push(event);
    if (event.kind === 'final' && event.stage === 'fused') free();
  }
  const [recognized, fused] = finalsOf(events);
  assert.match(recognized!.text, /^a ac/);
  assert.match(fused!.text, /^a ac/);
  assert.ok(partialsOf(events).every((partial) => !textOf(partial).startsWith('a aa')));
  assert.deepEqual(offered, [0], 'the search is offered the end alone, so that it is soon over');
  assert.equal(whisper.liveTrees, 0);
});

test('nobody who waits for the recognizer or for a fused final waits for light fusion', async () => {
  const { transcriber, listen } = toyListener(unsure, { nowMs: () => 0 });
  let free: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    free = resolve;
  });
  // One stream's fused final is under way all the time.
  let fusing: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    fusing = resolve;
  });
  const holds: UnitSearch = async (source, signal) => {
    if (source.unit.beams === undefined) {
      fusing();
      await held;
    }
    return beam(source, signal);
  };
  const first = collect(listen(inChunks(toySpeech(1, 1.2, 1)), { search: holds, options: { lightFusion: false } }));
  await begun;
  const asked: StepwiseUnit[] = [];
  const second = await collect(listen(inChunks(toySpeech(1, 4, 1)), { search: wantsAa(asked) }));
  assert.equal(asked.length, 0);
  assert.ok(partialsOf(second.events).length > 0);
  free();
  await first;
  await transcriber.dispose();
});
