import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgreedPrefix, AttendedPrefix, commitPolicies } from '../../../../fusion/beam/agreed-prefix.ts';
import type { LiveWord } from '../../../../models/core/live.ts';

/** `one@0.4` is the word "one", attended at 0.4 s; `one?` is one that the recognizer is not sure of. */
function words(text: string): LiveWord[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => {
      const [word = '', at = '0'] = part.replace('?', '').split('@');
      const tokens = [...word].map((character) => character.charCodeAt(0));
      return {
        text: ` ${word}`,
        tokens,
        logProb: part.includes('?') ? -1.5 : -0.1,
        attendedFromS: Number(at),
        attendedToS: Number(at),
      };
    });
}

const held = (holdMs: number) => ({ holdMs, probabilityMin: 0.7, sureAfterS: 4 });

test('local agreement settles what two passes in a row begin with', () => {
  const policy = new AgreedPrefix(held(0));
  assert.equal(policy.settled(words('the can set'), 1), 0);
  assert.equal(policy.settled(words('the cat sat'), 2), 1);
  // Words from here on follow what is settled.
  assert.equal(policy.settled(words('cat sat on'), 3), 2);
  assert.equal(policy.settled(words('the mat'), 4), 0);
  assert.equal(policy.settled(words('the mat'), 5), 2);
});

test('a disagreement in the middle holds up all that follows it', () => {
  const policy = new AgreedPrefix(held(0));
  policy.settled(words('a b c d'), 1);
  assert.equal(policy.settled(words('a x c d'), 2), 1);
});

test('agreed words near the end of the audio are held', () => {
  const policy = new AgreedPrefix(held(500));
  policy.settled(words('one@0.4 two@0.9'), 1);
  assert.equal(policy.settled(words('one@0.4 two@0.9 three@1.2'), 1.3), 1);
  assert.equal(policy.settled(words('two@0.9 three@1.2'), 1.6), 1);
});

test('attention settles words up to the first that looks at the end, without a second pass', () => {
  const policy = new AttendedPrefix(held(500));
  assert.equal(policy.settled(words('one@0.4 two@0.9 three@1.6 four@0.2'), 2), 2);
});

test('the last word may not be whole: it waits for the next one', () => {
  const policy = new AttendedPrefix(held(500));
  assert.equal(policy.settled(words('one@0.4 under@0.9'), 9), 1);
  assert.equal(policy.settled([], 9), 0);
});

test('attention that jumps far back settles nothing from there on', () => {
  const policy = new AttendedPrefix(held(500));
  assert.equal(policy.settled(words('one@0.4 two@7.9 three@1.5 four@9'), 20), 2);
});

test('a word that the recognizer is not sure of waits with all behind it, until it lies far back', () => {
  const heard = words('one@0.4 two?@0.9 three@1.2 four@1.3');
  for (const policy of [new AgreedPrefix(held(0)), new AttendedPrefix(held(0))]) {
    policy.settled(heard, 2);
    assert.ok(policy.settled(heard, 2) <= 1);
  }
  assert.equal(new AttendedPrefix(held(0)).settled(heard, 4.8), 1);
  assert.equal(new AttendedPrefix(held(0)).settled(heard, 4.9), 3);
});

test('a policy is made by name, with its own hold unless one is given', () => {
  const near = words('one@0.4 two@0.9 three@1.2');
  assert.equal(commitPolicies({ policy: 'align-att', holdMs: 0 }).settled(near, 1), 2);
  assert.equal(commitPolicies({ policy: 'align-att', holdMs: undefined }).settled(near, 1.3), 1);
  assert.equal(commitPolicies({ policy: 'align-att', holdMs: 700 }).settled(near, 1), 0);
  assert.ok(commitPolicies({ policy: 'local-agreement', holdMs: undefined }) instanceof AgreedPrefix);
});
