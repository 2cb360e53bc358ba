import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { type CtcSearchOptions, LineSearch } from '../../../../fusion/ctc/decoder.ts';
import { frameEntries } from '../../../../fusion/ctc/frame-entries.ts';
import { runLockstep } from '../../../../fusion/ctc/lockstep.ts';
import { LlmText } from '../../../../fusion/gfd/llm-text.ts';
import type { CtcLattice } from '../../../../models/core/page.ts';
import { latticeOf, sureFrames } from '../../../support/toy-lattice.ts';
import { TOY_PIECES, ToyAlphabet, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const LETTERS = ['', 'a', 'b', 'c', ' ', 'é', '中'];
const alphabet = new ToyAlphabet(LETTERS);
const vocab = new ToyVocab(TOY_PIECES);

async function search(lattice: CtcLattice, change: Partial<CtcSearchOptions>, seed = 1) {
  const scorer = new ToyScorer(vocab, seed);
  const options: CtcSearchOptions = {
    beams: 8,
    nBest: 1,
    llmWeight: 3,
    charBonusNats: 0,
    asking: 'lazy',
    spreadNats: Number.POSITIVE_INFINITY,
    settleChars: 2,
    rowsMax: Number.POSITIVE_INFINITY,
    askAheadNats: 0,
    endBreak: false,
    ...change,
  };
  const llm = {
    contexts: new ContextCache(scorer, 0),
    text: new LlmText(new Map(), { dropLeadingSpace: false }),
    textOf: (id: number) => LETTERS[id]!,
    prompt: '',
    before: '',
    contextCharsMax: 100,
  };
  const input = {
    entries: frameEntries(lattice),
    bytesOf: (id: number) => alphabet.bytesOf(id),
    llm,
    constraint: null,
  };
  const { results } = await runLockstep([() => new LineSearch(input, options).decode()], scorer);
  const { readings, ...counts } = results[0]!;
  return { text: readings[0]!.ids.map((id) => LETTERS[id]!).join(''), reading: readings[0]!, ...counts };
}

/** `before`, one character in doubt, `after`. */
const doubt = (before: string, after: string, odds: Readonly<Record<string, number>> = { a: 0.6, c: 0.4 }) =>
  latticeOf(LETTERS, [...sureFrames(before), odds, { _: 1 }, ...sureFrames(after)]);

test('one doubt is decided where hypotheses agree again, for rows that do not grow with the line', async () => {
  const short = await search(doubt('ab ab ', 'bc'), {});
  const long = await search(doubt('ab ab ', 'bc ab ab ab bc ca ab'), {});
  const whole = await search(doubt('ab ab ', 'bc ab ab ab bc ca ab'), { settleChars: Number.POSITIVE_INFINITY });
  assert.equal(long.text.slice(0, short.text.length), short.text);
  assert.ok(long.rows <= short.rows + 4, `${long.rows} rows against ${short.rows}`);
  assert.ok(whole.rows > 2 * long.rows, `${whole.rows} rows for the whole line`);
});

test('what stands before a doubt is context that is read, not scored', async () => {
  const near = await search(doubt('ab ', 'bc ab'), {});
  const far = await search(doubt('ab ab ab ab ab ab ', 'bc ab'), {});
  assert.ok(far.contextTokens > near.contextTokens);
  assert.ok(far.rows <= near.rows, `${far.rows} rows against ${near.rows}`);
});

test('the language model decides within the spread, and nothing outside of it', async () => {
  const odds = { a: 0.98, c: 0.02 };
  let decided = 0;
  for (let seed = 0; seed < 20; seed++) {
    const open = await search(doubt('b ', 'b ab', odds), { spreadNats: 5 }, seed);
    if (open.text !== 'b ab ab') decided++;
    const closed = await search(doubt('b ', 'b ab', odds), { spreadNats: 3 }, seed);
    assert.equal(closed.text, 'b ab ab');
    assert.equal(closed.rows, 0);
    assert.equal(closed.reading.llmLogProb, undefined);
  }
  assert.ok(decided > 0, 'with this weight it must win in some of 20 toy models');
});

test('several doubts are decided one after the other, each in the light of those before', async () => {
  const lattice = latticeOf(LETTERS, [
    ...[{ a: 0.6, b: 0.4 }, { _: 1 }, ...sureFrames('b c')],
    ...[{ b: 0.5, c: 0.5 }, { _: 1 }, ...sureFrames('a c')],
  ]);
  const { text, reading, rows } = await search(lattice, {});
  assert.match(text, /^[ab]b c[bc]a c$/u);
  assert.ok(rows > 0 && reading.llmLogProb! < 0);
});

test('rows that are used up leave the rest to the recognizer', async () => {
  const lattice = latticeOf(LETTERS, [
    ...[{ a: 0.6, b: 0.4 }, { _: 1 }, ...sureFrames('b cab')],
    ...[{ b: 0.51, c: 0.49 }, { _: 1 }, ...sureFrames('a cab')],
  ]);
  for (let seed = 0; seed < 10; seed++) {
    const free = await search(lattice, {}, seed);
    const first = await search(lattice, { rowsMax: 1 }, seed);
    assert.equal(free.exhausted, false);
    assert.equal(first.exhausted, true);
    assert.equal(first.text, 'ab cabba cab', 'what was asked in the call that used them up no longer counts');
  }
});
