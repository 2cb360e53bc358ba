import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveEvent, LiveFinal } from '../../../models/core/live.ts';
import { longestRepeat, measure, overlapping } from '../../bench/live-measures.ts';

const stats = { steps: 0, llmRows: 0, llmRowsEager: 0, llmRowsFloor: 0, llmCalls: 0, llmMs: 0 };

/** The events of one utterance. */
function utterance(number: number, startS: number, endS: number, text: string): LiveEvent[] {
  const result = { segments: [], hypotheses: [], changes: [], stats };
  const final = { kind: 'final', utterance: number, text, committed: '', result, language: 'en' } as const;
  return [
    { kind: 'speech-start', utterance: number, startS },
    { kind: 'speech-end', utterance: number, endS },
    ...(['recognized', 'fused'] as const).map((stage): LiveFinal => ({ ...final, stage })),
  ];
}

const measured = (reference: string, ...events: LiveEvent[][]) =>
  measure(
    events.flat().map((event) => ({ atS: 9, event })),
    'en',
    reference,
  );

test('a stretch that stands twice in a row is found, the longest first', () => {
  assert.equal(longestRepeat([...'abcab']), 0);
  assert.equal(longestRepeat([...'xabcabcy']), 3);
  assert.equal(longestRepeat([...'aabcdbcd']), 3);
  assert.equal(longestRepeat([...'aaaa']), 2);
  assert.equal(longestRepeat([]), 0);
});

test('utterances that share audio are counted', () => {
  assert.equal(overlapping([...utterance(0, 0, 2, 'a'), ...utterance(1, 2, 3, 'b')]), 0);
  assert.equal(overlapping([...utterance(0, 0, 2, 'a'), ...utterance(1, 1.9, 3, 'b'), ...utterance(2, 1.5, 4, '')]), 2);
});

test('a sentence said twice is told, in one final or in two, unless it was', () => {
  const sentence = 'the train leaves at six';
  const [once, twice] = [sentence, `${sentence} ${sentence}`];
  assert.equal(measured(once, utterance(0, 0, 2, `The train leaves at six. ${once}`)).saidTwice, 5);
  assert.equal(measured(once, utterance(0, 0, 2, once), utterance(1, 3, 5, once)).saidTwice, 5);
  assert.equal(measured(twice, utterance(0, 0, 2, once), utterance(1, 3, 5, once)).saidTwice, 0);
  assert.equal(measured('no no', utterance(0, 0, 2, 'no no no')).saidTwice, 0);
  assert.equal(measured(once, utterance(0, 0, 2, once)).saidTwice, 0);
});
