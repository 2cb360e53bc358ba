import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import { rescoreSystems } from '../../../../../services/eval/rescore/rescore-systems.ts';
import { ChannelTextScorer, serveScorer } from '../../../../../services/eval/rescore/scorer-messages.ts';
import type { TextQuery, TextScorer } from '../../../../../services/eval/rescore/text-scorer.ts';
import { parseAblation } from '../../../../../services/eval/run/ablation.ts';
import { duplexPair } from '../../../../support/duplex-pair.ts';
import { toyItem } from '../../../../support/toy-evaluation.ts';

const signal = new AbortController().signal;
const query: TextQuery = { language: 'zh', prompt: '', hotwords: [], texts: ['好', 'b'] };

/** log P = -1 per byte, but -0.1 for the bytes of 好. */
function toyScorer(more: Partial<TextScorer> = {}): TextScorer & { asked: TextQuery[] } {
  const asked: TextQuery[] = [];
  return {
    asked,
    score: async (one) => {
      asked.push(one);
      const scores = one.texts.map((text) => {
        const bytes = Buffer.byteLength(text);
        const known = 3 * (text.split('好').length - 1);
        return { logProb: -(bytes - known) - 0.1 * known, bytes };
      });
      return { isCovered: one.language !== 'xx', scores: one.language === 'xx' ? [] : scores };
    },
    close: async () => {},
    ...more,
  };
}

test('a query passes through a channel and comes back, impossible texts included', async () => {
  const [near, far] = duplexPair();
  serveScorer(far, {
    score: async ({ texts }) => ({
      isCovered: true,
      scores: texts.map((text, i) => ({ logProb: i === 0 ? -2.5 : Number.NEGATIVE_INFINITY, bytes: text.length })),
    }),
    close: async () => {},
  });
  const scorer = new ChannelTextScorer(near);
  assert.deepEqual(await scorer.score(query), {
    isCovered: true,
    scores: [
      { logProb: -2.5, bytes: 1 },
      { logProb: Number.NEGATIVE_INFINITY, bytes: 1 },
    ],
  });
});

test('errors keep their code; a lost thread and an abort reject at once', async () => {
  const [near, far] = duplexPair();
  let answer: (() => void) | undefined;
  serveScorer(far, {
    score: ({ language }) =>
      language === 'en'
        ? Promise.reject(new AppError('invalid_option', 'too long'))
        : new Promise((resolve) => {
            answer = () => resolve({ isCovered: false, scores: [] });
          }),
    close: async () => {},
  });
  const scorer = new ChannelTextScorer(near);
  await assert.rejects(scorer.score({ ...query, language: 'en' }), { code: 'invalid_option', message: 'too long' });
  const controller = new AbortController();
  const waiting = scorer.score(query, controller.signal);
  controller.abort(new AppError('canceled', 'enough'));
  await assert.rejects(waiting, { code: 'canceled', message: 'enough' });
  await assert.rejects(scorer.score(query, controller.signal), { code: 'canceled' });
  const lost = scorer.score(query);
  far.close();
  await assert.rejects(lost, { code: 'peer_lost' });
  await assert.rejects(scorer.score(query), { code: 'peer_lost' });
  answer?.();
});

const list = (...pairs: [string, number | undefined][]) =>
  pairs.map(([text, logProb]) => (logProb === undefined ? { text } : { text, logProb }));

function choose(ablation: string, hypotheses: ReturnType<typeof list>, language = 'zh') {
  const notices: string[] = [];
  const scorer = toyScorer();
  const [system] = rescoreSystems({
    open: async () => scorer,
    settings: parseAblation(ablation),
    preset: 'default',
    prompt: 'About.',
    hotwords: ['x'],
    onNotice: (text) => notices.push(text),
  });
  const item = toyItem(1, { language, hypotheses });
  return { system: system!, scorer, notices, text: async () => (await system!.run(item, signal)).text };
}

test('the joint score decides: (1 - r) * recognizer + r * (llm + bonus * bytes)', async () => {
  // zh: bonus 2 per byte. 好好: llm -0.6 + 12 = 11.4; abcdef: -6 + 12 = 6.
  const hypotheses = list(['abcdef', -1], ['好好', -3]);
  // r = 0.25: -0.75 + 1.5 = 0.75 against -2.25 + 2.85 = 0.6; r = 0.3: 1.1 against 1.32.
  assert.equal(await choose('r=0.25', hypotheses).text(), 'abcdef');
  assert.equal(await choose('default', hypotheses).text(), 'abcdef', 'the preset’s r for Chinese is 0.25');
  assert.equal(await choose('r=0.3', hypotheses).text(), '好好');
  assert.equal(await choose('r=1', hypotheses).text(), '好好');
});

test('r = 0 is the recognizer’s best and asks no model', async () => {
  const { text, scorer } = choose('r=0', list(['a', -5], ['b', -1], ['好', -9]));
  assert.equal(await text(), 'b');
  assert.equal(scorer.asked.length, 0);
});

test('without scores ranks stand in, and it is said once; equal texts are judged once', async () => {
  const { text, scorer, notices, system } = choose(
    'r=0.5',
    list(['好', undefined], ['b', undefined], ['b', undefined]),
  );
  assert.equal(await text(), '好');
  await text();
  assert.deepEqual(notices, ['Lists without scores: ranks stand in for them, ln(1/rank).']);
  assert.deepEqual(scorer.asked[0], { language: 'zh', prompt: 'About.', hotwords: ['x'], texts: ['好', 'b'] });
  assert.match(String(system.settings['recognizer']), /ln\(1\/rank\)/);
  // bb: 0.3 * (-2 + 4) = 0.6; 好 on rank 2: -0.7 * ln 2 + 0.3 * (-0.3 + 6) = 1.22.
  assert.equal(await choose('r=0.3', list(['bb', undefined], ['好', undefined])).text(), '好');
  assert.equal(await choose('r=0', list(['bb', undefined], ['好', undefined])).text(), 'bb');
});

test('a language that the vocabulary lacks keeps the recognizer’s order, and is told', async () => {
  const { text, notices } = choose('r=0.9', list(['a', -2], ['好好好', -3]), 'xx');
  assert.equal(await text(), 'a');
  assert.match(notices.join(), /not for "xx"/);
});

test('settings that would need the audio are refused', () => {
  assert.throws(() => choose('beams=3', list(['a', -1])), { code: 'usage', message: /r and preset/ });
});
