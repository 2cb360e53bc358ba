import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgreedPrefix, AttendedPrefix, commitPolicies } from '../../../../fusion/beam/agreed-prefix.ts';
import type { LiveWord } from '../../../../models/core/live.ts';

/** `one@0.4` is the word "one", attended at 0.4 s. */
function words(text: string): LiveWord[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [word = '', at = '0'] = part.split('@');
      const tokens = [...word].map((character) => character.charCodeAt(0));
      return { text: ` ${word}`, tokens, logProb: -0.1, attendedFromS: Number(at), attendedToS: Number(at) };
    });
}

test('local agreement settles what two passes in a row begin with', () => {
  const policy = new AgreedPrefix(0);
  assert.equal(policy.settled(words('the can set'), 1), 0);
  assert.equal(policy.settled(words('the cat sat'), 2), 1);
  // Words from here on follow what is settled.
  assert.equal(policy.settled(words('cat sat on'), 3), 2);
  assert.equal(policy.settled(words('the mat'), 4), 0);
  assert.equal(policy.settled(words('the mat'), 5), 2);
});

test('a disagreement in the middle holds up all that follows it', () => {
  const policy = new AgreedPrefix(0);
  policy.settled(words('a b c d'), 1);
  assert.equal(policy.settled(words('a x c d'), 2), 1);
});

test('agreed words near the end of the audio are held', () => {
  const policy = new AgreedPrefix(0.5);
  policy.settled(words('one@0.4 two@0.9'), 1);
  assert.equal(policy.settled(words('one@0.4 two@0.9 three@1.2'), 1.3), 1);
  assert.equal(policy.settled(words('two@0.9 three@1.2'), 1.6), 1);
});

test('attention settles words up to the first that looks at the end, without a second pass', () => {
  const policy = new AttendedPrefix(0.5);
  assert.equal(policy.settled(words('one@0.4 two@0.9 three@1.6 four@0.2'), 2), 2);
});

test('the last word may not be whole: it waits for the next one', () => {
  const policy = new AttendedPrefix(0.5);
  assert.equal(policy.settled(words('one@0.4 under@0.9'), 9), 1);
  assert.equal(policy.settled([], 9), 0);
});

test('attention that jumps far back settles nothing from there on', () => {
  const policy = new AttendedPrefix(0.5);
  assert.equal(policy.settled(words('one@0.4 two@7.9 three@1.5 four@9'), 20), 2);
});

test('a policy is made by name, with its own hold unless one is given', () => {
  const near = words('one@0.4 two@0.9 three@1.2');
  assert.equal(commitPolicies({ policy: 'align-att', holdMs: 0 }).settled(near, 1), 2);
  assert.equal(commitPolicies({ policy: 'align-att', holdMs: 700 }).settled(near, 1), 0);
  assert.ok(commitPolicies({ policy: 'local-agreement', holdMs: undefined }) instanceof AgreedPrefix);
});
