import assert from 'node:assert/strict';
import test from 'node:test';
import { RULE_START, TokenRules } from '../../../../models/whisper/token-rules.ts';
import { WindowSource } from '../../../../models/whisper/window-source.ts';
import { ToyTree, toyTokens } from '../../../support/toy-whisper.ts';

const UNIT = { index: 0, language: 'en', startMs: 0, endMs: 1000, stepsMax: 100, previousText: '' };
const NO_STAMPS = { suppressIds: [], suppressIdsBegin: [], timestamps: false, initialTimestampMaxSeconds: 1 };

function toy(answer: (path: readonly number[]) => ReadonlyMap<number, number>) {
  const whisper = { prompts: [] as number[][], liveTrees: 1 };
  const window = { window: 0, frames: 1, realFrames: 1, crossKeys: [], crossValues: [], exact: true };
  const encoded = { ...window, crossBias: new Float32Array(1) };
  const tree = new ToyTree(whisper, encoded, ({ path }) => answer(path));
  const prompt = toyTokens.openingOf('en', 'transcribe', false);
  const source = new WindowSource(UNIT, tree, new TokenRules(toyTokens, NO_STAMPS), prompt);
  return { source, tree, whisper, prompt };
}

test('beams are numbered by the order of the picks, and each goes on from its own path', async () => {
  const seen: string[] = [];
  const { source } = toy((path) => {
    seen.push(path.join());
    return new Map([[path.length, 9]]);
  });
  await source.start(3);
  await source.advance([
    { beam: 0, token: 3 },
    { beam: 0, token: 1 },
  ]);
  seen.length = 0;
  const { step, beams } = await source.advance([
    { beam: 1, token: 0 },
    { beam: 0, token: 0 },
    { beam: 1, token: 2 },
  ]);
  assert.deepEqual(seen, ['1,0', '3,0', '1,2']);
  assert.equal(step, 2);
  assert.equal(beams.length, 3);
});

test('a dropped beam frees its tokens, and the prompt stays', async () => {
  const { source, tree, prompt } = toy(() => new Map());
  await source.start(3);
  assert.equal(tree.nodes.size, prompt.length);
  await source.advance([
    { beam: 0, token: 0 },
    { beam: 0, token: 1 },
    { beam: 0, token: 2 },
  ]);
  await source.advance([{ beam: 1, token: 0 }]);
  assert.equal(tree.nodes.size, prompt.length + 2);
  await source.start(3);
  assert.equal(tree.nodes.size, prompt.length);
});

test('starting again searches anew without a second prefill', async () => {
  const { source, whisper } = toy((path) => new Map([[path.length, 5]]));
  const first = await source.start(2);
  await source.advance([{ beam: 0, token: 1 }]);
  assert.deepEqual(await source.start(2), first);
  assert.equal(whisper.prompts.length, 1);
});

test('no-speech is read after the start of the transcript, by a softmax over all', async () => {
  const { source } = toy(() => new Map([[toyTokens.noSpeech, Math.log(toyTokens.size - 1)]]));
  await source.start(2);
  assert.ok(Math.abs(source.noSpeechProb - 0.5) < 1e-6);
});

test('a beam that loops is offered the end alone', async () => {
  const { source } = toy(() => new Map([[0, 20]]));
  let candidates = await source.start(2);
  let steps = 0;
  while (candidates.beams[0]!.ids.length > 0 && steps < 80) {
    candidates = await source.advance([{ beam: 0, token: 0 }]);
    steps++;
  }
  assert.equal(source.looped, true);
  assert.ok(steps >= 30 && steps <= 40, `${steps} steps`);
  assert.ok(Number.isFinite(candidates.beams[0]!.endLogProb));
});

test('an aborted signal stops the next step with its reason', async () => {
  const { source } = toy(() => new Map());
  await source.start(2);
  const reason = new Error('enough');
  await assert.rejects(source.advance([{ beam: 0, token: 0 }], AbortSignal.abort(reason)), reason);
});

test('picks must name live beams', async () => {
  const { source } = toy(() => new Map());
  await source.start(2);
  await assert.rejects(source.advance([{ beam: 1, token: 0 }]), /no live beam 1/);
  await assert.rejects(source.advance([]), /at least one pick/);
  assert.equal(RULE_START.length, 0);
});

test('attention after the prefix is evaluated aside: no token of it stays', async () => {
  const { source, tree, prompt } = toy(() => new Map());
  await source.start(3);
  await source.advance([{ beam: 0, token: 0 }]);
  const held = tree.nodes.size;
  assert.equal((await source.attention([1, 2, 3])).length, 3, 'one head, three tokens, one frame');
  assert.equal(tree.nodes.size, held);
  assert.equal(held, prompt.length + 1);
});

test('a source that is cut evaluates nothing more and offers the end alone, for free', async () => {
  const seen: string[] = [];
  const { source } = toy((path) => {
    seen.push(path.join());
    return new Map([[path.length, 9]]);
  });
  await source.start(3);
  seen.length = 0;
  source.cut();
  const { step, beams } = await source.advance([
    { beam: 0, token: 0 },
    { beam: 0, token: 1 },
  ]);
  assert.equal(step, 1);
  assert.deepEqual(
    beams.map(({ ids, endLogProb }) => [ids.length, endLogProb]),
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.deepEqual(seen, []);
});
