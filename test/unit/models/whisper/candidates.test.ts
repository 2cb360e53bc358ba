import assert from 'node:assert/strict';
import test from 'node:test';
import { IMPOSSIBLE, logSumExp } from '../../../../models/core/logprob.ts';
import { probabilityOf, selectCandidates } from '../../../../models/whisper/candidates.ts';
import { seededRandom } from '../../../../models/whisper/sampling.ts';
import { RULE_START, type RuleState, TokenRules } from '../../../../models/whisper/token-rules.ts';
import { stamp, toyTokens } from '../../../support/toy-whisper.ts';

const { endOfText, size, timestampBegin } = toyTokens;
const SUPPRESSED = [1, 5];

function rules(timestamps = true): TokenRules {
  return new TokenRules(toyTokens, {
    suppressIds: SUPPRESSED,
    suppressIdsBegin: [2],
    timestamps,
    initialTimestampMaxSeconds: 1,
  });
}

/** The same by plain enumeration. */
function expected(logits: Float32Array, all: TokenRules, state: RuleState, width: number) {
  const allowed = all.allowed(state);
  const isAllowed = (id: number) => {
    if (id < endOfText) return allowed.text && !SUPPRESSED.includes(id) && !(state.length === 0 && id === 2);
    if (id === endOfText) return allowed.end;
    return id >= allowed.timestampLo && id < allowed.timestampHi;
  };
  let ids = Array.from({ length: size }, (_, id) => id).filter(isAllowed);
  const stamps = ids.filter((id) => id >= timestampBegin);
  const others = ids.filter((id) => id < timestampBegin);
  const sum = logSumExp(stamps.map((id) => logits[id]!));
  if (stamps.length > 0 && sum > Math.max(...others.map((id) => logits[id]!))) ids = stamps;
  const total = logSumExp(ids.map((id) => logits[id]!));
  const end = ids.includes(endOfText) ? logits[endOfText]! - total : IMPOSSIBLE;
  ids = ids.filter((id) => id !== endOfText).sort((a, b) => logits[b]! - logits[a]! || a - b);
  return { ids: ids.slice(0, width), logProbs: ids.slice(0, width).map((id) => logits[id]! - total), end };
}

test('candidates equal a plain enumeration, for any state and with equal logits', () => {
  const random = seededRandom(3);
  const paths = [[], [stamp(0)], [stamp(0), 0], [stamp(0), 0, stamp(1)], [stamp(0), 0, stamp(1), stamp(1)]];
  for (let round = 0; round < 60; round++) {
    const all = rules(round % 4 !== 3);
    const path = all.timestamps ? paths[round % paths.length]! : [0, 3].slice(0, round % 3);
    const state = path.reduce((at: RuleState, token) => all.next(at, token), RULE_START);
    // Coarse values, so that ties are common; text well above timestamps in half of the rounds.
    const logits = Float32Array.from({ length: 2 * size }, (_, i) => {
      const text = i % size <= endOfText;
      return Math.floor(random() * 8) + (text && round % 2 === 0 ? 9 : 0);
    });
    const row = round % 2;
    const want = expected(logits.slice(row * size, (row + 1) * size), all, state, 7);
    const got = selectCandidates(logits, row, all, state, 7);
    assert.deepEqual([...got.ids], want.ids, `round ${round}`);
    for (const [i, value] of got.logProbs.entries()) assert.ok(Math.abs(value - want.logProbs[i]!) < 1e-5);
    assert.ok(got.endLogProb === want.end || Math.abs(got.endLogProb - want.end) < 1e-5);
  }
});

test('timestamps that are likelier together than any text leave no text', () => {
  const all = rules();
  const state = [stamp(0), 0].reduce((at: RuleState, token) => all.next(at, token), RULE_START);
  const logits = new Float32Array(size);
  logits[0] = 3;
  // 1500 timestamps of logit 0 sum to 7.3, above the best text.
  const got = selectCandidates(logits, 0, all, state, 4);
  assert.ok(got.ids.every((id) => id >= timestampBegin));
  assert.equal(got.endLogProb, IMPOSSIBLE);
  logits[0] = 9;
  assert.equal(selectCandidates(logits, 0, all, state, 4).ids[0], 0);
});

test('the probability of one id is a softmax over the whole row', () => {
  const logits = Float32Array.from({ length: 8 }, (_, i) => (i === 6 ? Math.log(3) : 0));
  assert.ok(Math.abs(probabilityOf(logits, 1, 4, 2) - 0.5) < 1e-6);
});
