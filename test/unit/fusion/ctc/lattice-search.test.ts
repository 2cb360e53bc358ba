import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContextCache } from '../../../../fusion/bytes/context-cache.ts';
import { type LatticeOptions, type LatticeRoom, latticeSearch } from '../../../../fusion/ctc/lattice-search.ts';
import { LATTICE_BEAMS_MAX, LINE_FRAMES_MAX } from '../../../../fusion/ctc/limits.ts';
import { AppError } from '../../../../models/core/app-error.ts';
import type { ByteVocab } from '../../../../models/core/byte-vocab.ts';
import type { FieldRule } from '../../../../models/core/page.ts';
import { latticeOf, pageUnit, sureFrames, toyLattice } from '../../../support/toy-lattice.ts';
import { TOY_PIECES, ToyAlphabet, ToyScorer, ToyVocab } from '../../../support/toy-model.ts';

const LETTERS = ['', 'a', 'b', 'c', ' ', 'é', '中', '說', '说', ...'0123456789', '.', '-'];
const alphabet = new ToyAlphabet(LETTERS);
const PIECES = [...TOY_PIECES, '說', '说', '\n', ...'0123456789', '.', '-'];

const OPTIONS: LatticeOptions = {
  language: 'en',
  mode: 'fused',
  llmWeight: 1,
  beams: 4,
  nBest: 1,
  script: 'keep',
  llmPrompt: '',
  llmContextCharsMax: 100,
  fields: [],
  explain: false,
};
/** Nothing settles or is cut off early, and the primer is none that the toy vocabulary could not write. */
const TUNING = {
  primer: '',
  lineNatsMax: 99,
  wordNats: 8,
  editNats: 8,
  spreadNats: 20,
  charBonusNats: 0,
  contextCharsMax: 20,
};

function room(languages: readonly string[] | null = null) {
  const vocab: ByteVocab = Object.assign(new ToyVocab(PIECES), { languages });
  const scorer = new ToyScorer(vocab, 5);
  const simplified = new Map([['說', '说']]);
  const traditional = new Map([['说', '說']]);
  const contexts = new ContextCache(scorer, 0);
  return { contexts, alphabet, simplified, traditional, scorer } satisfies LatticeRoom & { scorer: ToyScorer };
}

/** Four lines in which something is in doubt. */
const doubtful = (seed = 1) =>
  pageUnit(Array.from({ length: 4 }, (_, i) => toyLattice(seed + i, { frames: 8, width: 3, size: 6, sharpness: 5 })));

test('greedy and alone ask no language model, and greedy is the likeliest entry of each frame', async () => {
  const toy = room();
  const page = pageUnit([latticeOf(LETTERS, [...sureFrames('ab'), { c: 0.6, b: 0.4 }])]);
  for (const mode of ['greedy', 'alone'] as const) {
    const { lines, stats } = await latticeSearch(toy, { ...OPTIONS, mode })(page);
    assert.equal(lines[0]!.text, 'abc');
    assert.equal(lines[0]!.llmLogProb, undefined);
    assert.equal(stats.llmRows, 0);
    assert.ok(Math.abs(lines[0]!.ctcLogProb - Math.log(0.6)) < 1e-6);
  }
  const [line] = (await latticeSearch(toy, { ...OPTIONS, mode: 'greedy' })(page)).lines;
  assert.deepEqual(
    line!.chars.map(({ text, startFrame, endFrame }) => [text, startFrame, endFrame]),
    [
      ['a', 0, 1],
      ['b', 2, 3],
      ['c', 4, 5],
    ],
  );
});

test('fused in a language without a measurement is greedy; weight 0 is the plain search', async () => {
  // Nothing is likelier than an "a" in each frame, and an "a" somewhere likelier than none at all.
  const frames = [{ b: 1 }, { _: 0.55, a: 0.45 }, { _: 0.55, a: 0.45 }];
  const read = async (llmWeight: number | undefined, mode: LatticeOptions['mode']) => {
    const page = pageUnit([latticeOf(LETTERS, frames)]);
    const { lines } = await latticeSearch(room(), { ...OPTIONS, language: 'xx', mode, llmWeight })(page);
    return { text: lines[0]!.text, score: lines[0]!.score };
  };
  assert.deepEqual(await read(undefined, 'fused'), await read(undefined, 'greedy'));
  assert.deepEqual(await read(0, 'fused'), await read(undefined, 'alone'));
  assert.notEqual((await read(undefined, 'greedy')).text, (await read(undefined, 'alone')).text);
});

test('the bend of a quotation mark is not asked about, though both are likely', async () => {
  const toy = room();
  const quotes = { ...toy, alphabet: new ToyAlphabet(['', 'a', '"', '“']) };
  const page = pageUnit([latticeOf(['', 'a', '"', '“'], [{ '“': 0.51, '"': 0.49 }, { _: 1 }, { a: 1 }])]);
  const { lines } = await latticeSearch(quotes, OPTIONS, TUNING)(page);
  assert.equal(lines[0]!.text, '“a');
  assert.equal(toy.scorer.rows, 0);
});

test('a page without doubt is read without a single row', async () => {
  const toy = room();
  const page = pageUnit(['abc ab', '中é a', 'ca bc'].map((text) => latticeOf(LETTERS, sureFrames(text))));
  const { lines, stats } = await latticeSearch(toy, OPTIONS, TUNING)(page);
  assert.deepEqual(
    lines.map(({ text }) => text),
    ['abc ab', '中é a', 'ca bc'],
  );
  assert.equal(toy.scorer.rows, 0);
  assert.equal(stats.llmCalls, 0);
});

test('characters join to the text, and their frames follow each other', async () => {
  for (let seed = 0; seed < 40; seed += 4) {
    const { lines } = await latticeSearch(room(), OPTIONS, TUNING)(doubtful(seed));
    for (const { text, chars, nBest } of lines) {
      assert.equal(chars.map((char) => char.text).join(''), text);
      assert.equal(nBest[0]!.text, text);
      chars.forEach(({ startFrame, endFrame }, i) => {
        assert.ok(endFrame > startFrame);
        assert.ok(i === 0 || startFrame >= chars[i - 1]!.endFrame);
      });
    }
  }
});

test('a language outside a trimmed vocabulary is read by the recognizer alone, with a warning', async () => {
  const page = doubtful();
  const outcome = await latticeSearch(room(['zh', 'tr']), OPTIONS, TUNING)(page);
  const alone = await latticeSearch(room(), { ...OPTIONS, mode: 'alone' })(page);
  assert.deepEqual(outcome.lines, alone.lines);
  assert.deepEqual(
    outcome.warnings.map(({ code }) => code),
    ['llm_language_uncovered'],
  );
  const covered = await latticeSearch(room(['en']), OPTIONS, TUNING)(page);
  assert.deepEqual(covered.warnings, []);
  assert.ok(covered.stats.llmRows > 0);
});

test('a language without a measured preset is read by the recognizer alone unless lambda is given', async () => {
  const page = doubtful();
  const { stats } = await latticeSearch(room(), { ...OPTIONS, language: 'fr', llmWeight: undefined })(page);
  assert.equal(stats.llmRows, 0);
  const given = await latticeSearch(room(), { ...OPTIONS, language: 'fr' }, TUNING)(page);
  assert.ok(given.stats.llmRows > 0);
});

test('what stands before a line reaches the language model: prompt, primer, and the lines before', async () => {
  const page = doubtful(3);
  const scores = new Set<number | undefined>();
  for (const change of [
    { options: {}, tuning: {} },
    { options: { llmPrompt: 'ab' }, tuning: {} },
    { options: { llmContextCharsMax: 0 }, tuning: {} },
    { options: {}, tuning: { primer: 'c a' } },
  ]) {
    const outcome = await latticeSearch(
      room(),
      { ...OPTIONS, ...change.options },
      { ...TUNING, ...change.tuning },
    )(page);
    const last = outcome.lines.map(({ llmLogProb }) => llmLogProb ?? 0);
    scores.add(last.reduce((sum, each) => sum + each, 0));
  }
  assert.equal(scores.size, 4);
});

test('explain names the places where the language model changed the outcome, and changes none', async () => {
  let changed = 0;
  for (let seed = 0; seed < 60; seed += 4) {
    const page = doubtful(seed);
    const plain = await latticeSearch(room(), OPTIONS, TUNING)(page);
    const explained = await latticeSearch(room(), { ...OPTIONS, explain: true }, TUNING)(page);
    const greedy = await latticeSearch(room(), { ...OPTIONS, mode: 'greedy' })(page);
    assert.deepEqual(
      explained.lines.map((line) => ({ ...line, changes: [] })),
      plain.lines,
    );
    explained.lines.forEach(({ text, changes }, i) => {
      assert.equal(changes.length > 0, text !== greedy.lines[i]!.text);
      for (const { chosen, offset, recognizedLogProb, chosenLogProb } of changes) {
        changed++;
        assert.equal(text.slice(offset, offset + chosen.length), chosen);
        assert.ok(Number.isFinite(recognizedLogProb.llm) && Number.isFinite(chosenLogProb.recognizer));
      }
    });
  }
  assert.ok(changed > 0, 'in 60 toy lines something must change');
});

test('a line that is all doubt gets its rows and no more, and the page says so', async () => {
  const page = pageUnit([toyLattice(2, { frames: 40, width: 5, size: 6, sharpness: 1 })]);
  const limited = await latticeSearch(room(), OPTIONS, { ...TUNING, rowsMax: 10 })(page);
  const unlimited = await latticeSearch(room(), OPTIONS, { ...TUNING, rowsMax: Number.POSITIVE_INFINITY })(page);
  assert.ok(limited.stats.llmRows < unlimited.stats.llmRows);
  assert.deepEqual(
    limited.warnings.map(({ code }) => code),
    ['lines_too_doubtful'],
  );
  assert.deepEqual(unlimited.warnings, []);
  assert.equal(limited.lines[0]!.chars.map(({ text }) => text).join(''), limited.lines[0]!.text);
});

test("a line that is nearly all noise is the recognizer's alone", async () => {
  const page = doubtful();
  const alone = await latticeSearch(room(), { ...OPTIONS, mode: 'alone' })(page);
  const gated = await latticeSearch(room(), OPTIONS, { ...TUNING, lineNatsMax: 0.001 })(page);
  assert.deepEqual(gated.lines, alone.lines);
  assert.equal(gated.stats.llmRows, 0);
  assert.match(gated.warnings[0]!.message, /on 4 lines/u);
});

test('the script that is asked for comes out, whichever the recognizer held likelier', async () => {
  const page = pageUnit([latticeOf(LETTERS, [{ 說: 0.6, 说: 0.4 }, { _: 1 }, { a: 0.5, 說: 0.3, 说: 0.2 }])]);
  const text = async (script: 'hans' | 'hant' | 'keep', mode: 'greedy' | 'fused') => {
    const options = { ...OPTIONS, language: 'zh', script, mode, llmWeight: 0.001 };
    return (await latticeSearch(room(), options, TUNING)(page)).lines[0]!.text;
  };
  for (const mode of ['greedy', 'fused'] as const) {
    assert.match(await text('hans', mode), /^说[a说]$/u);
    assert.match(await text('hant', mode), /^說[a說]$/u);
    assert.equal(await text('keep', mode), '說a');
  }
});

const field = (allow: FieldRule['allow'], box: FieldRule['box'] = [0, 0, 1, 0.029]): FieldRule => ({
  name: 'f',
  box,
  allow,
});

test('a field holds only what its rule allows, and other lines are left alone', async () => {
  const frames = [{ '3': 0.9, '2': 0.1 }, { '5': 0.6, '0': 0.3, '1': 0.1 }, { _: 1 }, { '.': 0.7, a: 0.3 }];
  const rest = sureFrames('1.2024');
  const lattice = latticeOf(LETTERS, [...frames, ...rest]);
  const page = pageUnit([lattice, lattice]);
  const fields = [field({ kind: 'format', format: 'date' })];
  for (const mode of ['greedy', 'alone', 'fused'] as const) {
    const { lines, warnings } = await latticeSearch(
      room(),
      { ...OPTIONS, mode, fields, llmWeight: 0.01 },
      TUNING,
    )(page);
    // There is no 35th of January: the best day that there is comes out.
    assert.equal(lines[0]!.text, '30.1.2024', mode);
    assert.deepEqual(lines[0]!.field, { name: 'f', matched: true });
    assert.equal(lines[1]!.text.slice(0, 2), '35');
    assert.equal(lines[1]!.field, undefined);
    assert.deepEqual(warnings, []);
  }
});

test('a list field takes the value with the best joint score, even one that every beam had lost', async () => {
  // Each frame prefers another letter: the value lies far below what a narrow beam keeps.
  const lattice = latticeOf(
    LETTERS,
    Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? { a: 0.5, b: 0.3, é: 0.19, c: 0.01 } : { _: 1 })),
  );
  const fields = [field({ kind: 'list', values: ['cccccc', 'bb'] })];
  const { lines } = await latticeSearch(room(), { ...OPTIONS, beams: 1, fields, mode: 'alone' })(pageUnit([lattice]));
  assert.equal(lines[0]!.text, 'cccccc');
  assert.ok(Math.abs(lines[0]!.ctcLogProb - 6 * Math.log(0.01)) < 1e-5);
});

test('a field that nothing on its line satisfies is empty, with a warning that names it', async () => {
  const page = pageUnit([latticeOf(LETTERS, sureFrames('abc'))]);
  const fields = [field({ kind: 'regex', pattern: '\\d+' })];
  const { lines, warnings } = await latticeSearch(room(), { ...OPTIONS, fields }, TUNING)(page);
  assert.deepEqual(lines[0], {
    text: '',
    chars: [],
    ctcLogProb: Number.NEGATIVE_INFINITY,
    score: Number.NEGATIVE_INFINITY,
    nBest: [],
    changes: [],
    field: { name: 'f', matched: false },
  });
  assert.equal(warnings[0]!.code, 'field_unmatched');
  assert.match(warnings[0]!.message, /"f".*"abc"/u);
});

test('a field takes the lines of which its box holds most', async () => {
  const lattice = latticeOf(LETTERS, sureFrames('12'));
  const page = pageUnit([lattice, lattice, lattice]);
  const named = async (box: FieldRule['box']) => {
    const fields = [field({ kind: 'regex', pattern: '[12]+' }, box)];
    const { lines } = await latticeSearch(room(), { ...OPTIONS, fields }, TUNING)(page);
    return lines.map((line) => line.field !== undefined);
  };
  assert.deepEqual(await named([0, 0, 1, 1]), [true, true, true]);
  // Lines stand at 10 to 25, 30 to 45 and 50 to 65 of 1,000 pixels, and from 10 to 510 of 800 across.
  assert.deepEqual(
    await named([0, 0.038, 1, 0.058]),
    [false, false, true].map((_, i) => i === 2),
  );
  assert.deepEqual(await named([0, 0.035, 1, 0.05]), [false, true, false]);
  assert.deepEqual(await named([0, 0, 0.3, 1]), [false, false, false]);
});

test('options and pages out of range are refused by name', async () => {
  const invalid = (words: RegExp) => (error: unknown) =>
    error instanceof AppError && error.code === 'invalid_option' && words.test(error.message);
  const make = (change: Partial<LatticeOptions>) => () => latticeSearch(room(), { ...OPTIONS, ...change });
  assert.doesNotThrow(make({ beams: LATTICE_BEAMS_MAX }));
  assert.throws(make({ beams: LATTICE_BEAMS_MAX + 1 }), invalid(/beams/u));
  assert.throws(make({ beams: 0 }), invalid(/beams/u));
  assert.throws(make({ llmWeight: -1 }), invalid(/llmWeight/u));
  assert.throws(make({ fields: [field({ kind: 'regex', pattern: '(' })] }), invalid(/Field f/u));
  assert.throws(
    make({ fields: [field({ kind: 'regex', pattern: 'a' }, [0.5, 0, 0.2, 1])] }),
    invalid(/box of field f/u),
  );
  const long = toyLattice(1, { frames: LINE_FRAMES_MAX + 1, width: 1, size: 3 });
  await assert.rejects(latticeSearch(room(), OPTIONS)(pageUnit([long])), invalid(/frames/u));
});

test('a page that is canceled keeps nothing cached', async () => {
  const toy = room();
  const abort = new AbortController();
  const evaluate = toy.scorer.evaluate.bind(toy.scorer);
  toy.scorer.evaluate = async (wanted) => {
    abort.abort(new Error('enough'));
    return evaluate(wanted);
  };
  await assert.rejects(latticeSearch(toy, OPTIONS, TUNING)(doubtful(), abort.signal), /enough/u);
  assert.equal(toy.scorer.cached.size, 0);
});

test('an empty page and an empty line have their outcome', async () => {
  assert.deepEqual((await latticeSearch(room(), OPTIONS)(pageUnit([]))).lines, []);
  const { lines } = await latticeSearch(room(), OPTIONS, TUNING)(pageUnit([latticeOf(LETTERS, [{ _: 1 }])]));
  assert.equal(lines[0]!.text, '');
  assert.deepEqual(lines[0]!.chars, []);
});

test('a space between numbers that only the sum of its frames makes likely is kept', async () => {
  // No frame puts the space first; that it stands in one of the three is likelier than that it stands in none.
  const gap = { _: 0.55, ' ': 0.45 };
  const page = pageUnit([latticeOf(LETTERS, [{ 1: 1 }, gap, gap, gap, { 2: 1 }])]);
  const read = async (mode: LatticeOptions['mode']) =>
    (await latticeSearch(room(), { ...OPTIONS, mode, llmWeight: 0.01 }, TUNING)(page)).lines[0]!.text;
  assert.deepEqual([await read('greedy'), await read('alone'), await read('fused')], ['12', '1 2', '1 2']);
});
