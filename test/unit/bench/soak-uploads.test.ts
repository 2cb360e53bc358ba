import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../bench/soak/http-client.ts';
import { Ledger } from '../../bench/soak/ledger.ts';
import { judge } from '../../bench/soak/uploads.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function judged(answer: Answer | null, broken = false) {
  const ledger = new Ledger(new ManualClock());
  const entry = ledger.enter('upload', 1000);
  judge(entry, answer, broken, (text) => ledger.finding(text));
  const [{ accepted, codes }] = ledger.tally() as [ReturnType<Ledger['tally']>[number]];
  return { outcome: entry.outcome, accepted, codes: [...codes.keys()], findings: ledger.findingCount };
}

const whole = (status: number, text: string) => ({ status, text, whole: true });
const body = (code: string) => JSON.stringify({ error: { message: 'm', type: 't', param: null, code } });

test('an answer in full is one; one that broke off is lost, and so is a request without any', () => {
  assert.deepEqual(judged(whole(200, '{"text":"a"}')), { outcome: 'answered', accepted: 1, codes: [], findings: 0 });
  assert.equal(judged({ status: 200, text: '{"te', whole: false }).outcome, 'lost');
  assert.equal(judged(null).outcome, 'lost');
});

test('what we broke off is canceled, unless its answer was through before', () => {
  assert.equal(judged(null, true).outcome, 'canceled');
  assert.equal(judged({ status: 200, text: 'data: ', whole: false }, true).outcome, 'canceled');
  assert.equal(judged(whole(200, '{"text":"a"}'), true).outcome, 'answered');
});

test('refusals are told by their code; a 500 is a finding, a 503 is not', () => {
  assert.deepEqual(judged(whole(503, body('overloaded'))).codes, ['overloaded']);
  assert.equal(judged(whole(503, body('overloaded'))).findings, 0);
  const fault = judged(whole(500, body('internal')));
  assert.deepEqual([fault.outcome, fault.codes, fault.findings], ['refused', ['internal'], 1]);
});

test('events end with their last one or with an error; else the answer is lost', () => {
  const delta = 'data: {"type":"transcript.text.delta","delta":"a"}\n\n';
  assert.equal(judged(whole(200, `${delta}data: {"type":"transcript.text.done","text":"a"}\n\n`)).outcome, 'answered');
  const failed = judged(
    whole(200, `${delta}data: ${JSON.stringify({ type: 'error', ...JSON.parse(body('peer_lost')) })}\n\n`),
  );
  assert.deepEqual([failed.outcome, failed.accepted, failed.codes], ['failed', 1, ['peer_lost']]);
  assert.equal(judged(whole(200, delta)).outcome, 'lost');
});
