import assert from 'node:assert/strict';
import test from 'node:test';
import { RULE_START, type RuleState, TokenRules } from '../../../../models/whisper/token-rules.ts';
import { stamp, toyTokens } from '../../../support/toy-whisper.ts';

const { endOfText, size, timestampBegin } = toyTokens;

function rules(timestamps = true): TokenRules {
  const options = { suppressIds: [1, endOfText + 1], suppressIdsBegin: [2, endOfText], initialTimestampMaxSeconds: 1 };
  return new TokenRules(toyTokens, { ...options, timestamps });
}

function after(...tokens: number[]) {
  const all = rules();
  return all.allowed(tokens.reduce((state: RuleState, token) => all.next(state, token), RULE_START));
}

test('the first token is a timestamp of at most one second', () => {
  assert.deepEqual(after(), { text: false, end: false, timestampLo: timestampBegin, timestampHi: stamp(1) + 1 });
});

test('text follows the opening timestamp, never a second one', () => {
  assert.deepEqual(after(stamp(0)), { text: true, end: true, timestampLo: size, timestampHi: size });
});

test('inside a stretch, time has to pass before it closes', () => {
  const allowed = after(stamp(0.5), 0);
  assert.equal(allowed.text, true);
  assert.equal(allowed.timestampLo, stamp(0.5) + 1);
});

test('after a closing timestamp no text comes, and the next stretch may start at the same time', () => {
  const allowed = after(stamp(0), 0, stamp(2));
  assert.equal(allowed.text, false);
  assert.equal(allowed.end, true);
  assert.equal(allowed.timestampLo, stamp(2));
});

test('after a pair of timestamps comes text', () => {
  const allowed = after(stamp(0), 0, stamp(2), stamp(2));
  assert.equal(allowed.text, true);
  assert.equal(allowed.timestampLo, allowed.timestampHi);
});

test('without timestamps only the first end of text is forbidden', () => {
  const all = rules(false);
  assert.deepEqual(all.allowed(RULE_START), { text: true, end: false, timestampLo: size, timestampHi: size });
  assert.equal(all.allowed(all.next(RULE_START, 0)).end, true);
});

test('suppressed ids are kept for text tokens alone', () => {
  assert.deepEqual([...rules().suppressed], [1]);
  assert.deepEqual([...rules().suppressedFirst], [2]);
});
