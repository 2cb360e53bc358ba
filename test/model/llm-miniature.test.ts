import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gemma3Params } from '../../models/convert/gemma3-params.ts';
import { GgufFile } from '../../models/convert/gguf.ts';
import { importLlm } from '../../models/convert/llm-import.ts';
import type { ScorerNode } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import type { RowDistribution } from '../../models/llm/row-distribution.ts';
import type { SortedVocab } from '../../models/tokenizer/sorted-vocab.ts';
import { toyGemma3 } from '../unit/models/convert/toy-gguf.ts';
import { PlainGemma3 } from './plain-gemma3.ts';

const dir = mkdtempSync(join(tmpdir(), 'bytefuse-miniature-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** Activations are rounded to 8 bits in blocks of 32: this much of the logits' spread may be lost. */
const ERROR_SHARE_MAX = 0.12;

for (const kvHeads of [1, 2]) {
  test(`a miniature gemma3 with ${kvHeads} key heads converts, runs and agrees with a plain forward pass`, async () => {
    const gguf = join(dir, `toy-${kvHeads}.gguf`);
    writeFileSync(gguf, toyGemma3({ kvHeads }));
    const out = join(dir, `out-${kvHeads}`);
    const shares: number[] = [];
    const info = await importLlm(gguf, out, { vocab: 'full', onProgress: (done, total) => shares.push(done / total) });
    assert.equal(info.vocab.textRows, info.params.vocabSize - 7);
    assert.equal(shares[shares.length - 1], 1);
    assert.deepEqual(readdirSync(out).sort(), [
      'model.json',
      'step.onnx',
      'step.onnx.data',
      'tokenizer.json',
      'vocab.bin',
    ]);

    const file = GgufFile.open(gguf);
    const plain = new PlainGemma3(file, gemma3Params(file));
    const scorer = await LlmScorer.open(out, { threads: 1, spinning: false });
    const vocab = scorer.vocab as SortedVocab;
    const text = new TextEncoder().encode('the and ing 今天天气很好，abc in a the\nand');
    const rows = vocab.encode(text);
    assert.ok(rows.length > 14, 'the text reaches past the window');
    const path: ScorerNode[] = [scorer.child(null, vocab.bos)];
    for (const row of rows) path.push(scorer.child(path[path.length - 1]!, row));
    // In two calls, so that the pool and the new nodes both take part.
    const wanted = [path[3]!, path[8]!, path[path.length - 1]!];
    const distributions = [...(await scorer.evaluate(wanted.slice(0, 2))), ...(await scorer.evaluate(wanted.slice(2)))];
    for (const [i, node] of wanted.entries()) {
      const ids = path.slice(0, node.depth + 1).map((each) => vocab.sourceIdOf(each.token));
      const expected = plain.logits(ids);
      const { logits } = distributions[i] as RowDistribution;
      let error = 0;
      let spread = 0;
      for (let row = 0; row < vocab.size; row++) {
        const value = expected[vocab.sourceIdOf(row)]!;
        error += (logits[row]! - value) ** 2;
        spread += value ** 2;
      }
      const share = Math.sqrt(error / spread);
      assert.ok(share < ERROR_SHARE_MAX, `depth ${node.depth}: ${share.toFixed(4)} of the spread is lost`);
    }
    file.close();
    await scorer.dispose();
  });
}

test('numbers are the same to the last bit, however calls are grouped and whatever else is cached', async () => {
  const gguf = join(dir, 'exact.gguf');
  writeFileSync(gguf, toyGemma3({ kvHeads: 1 }));
  const out = join(dir, 'exact');
  await importLlm(gguf, out, { vocab: 'full' });
  const scorer = await LlmScorer.open(out, { threads: 1, spinning: false });
  const rows = scorer.vocab.encode(new TextEncoder().encode('the and ing 今天天气很好，abc in a'));
  const path = () => {
    const nodes: ScorerNode[] = [scorer.child(null, scorer.vocab.bos)];
    for (const row of rows) nodes.push(scorer.child(nodes[nodes.length - 1]!, row));
    return nodes;
  };
  const first = path();
  const together = (await scorer.evaluate(first)) as RowDistribution[];
  const check = async (nodes: readonly ScorerNode[], what: string) => {
    for (const [i, node] of nodes.entries()) {
      const [alone] = (await scorer.evaluate([node])) as RowDistribution[];
      assert.deepEqual(alone!.logits, together[i]!.logits, `${what}, node ${i}`);
    }
  };
  await check(path(), 'one by one');
  scorer.release(first.slice(4).reverse());
  await scorer.evaluate(path().slice(-1));
  await check(path(), 'in the gaps of a larger pool');
  await scorer.dispose();
});

test('a trimmed miniature gives the same logits for the rows that it keeps', async () => {
  const gguf = join(dir, 'trim.gguf');
  writeFileSync(gguf, toyGemma3());
  const logits = async (vocab: 'full' | number) => {
    const out = join(dir, `trim-${vocab}`);
    await importLlm(gguf, out, { vocab });
    const scorer = await LlmScorer.open(out, { threads: 1, spinning: false });
    const rows = scorer.vocab as SortedVocab;
    const root = scorer.child(null, rows.bos);
    const leaf = scorer.child(root, rows.encode(new TextEncoder().encode('a'))[0]!);
    const [distribution] = (await scorer.evaluate([leaf])) as RowDistribution[];
    await scorer.dispose();
    return new Map(Array.from(distribution!.logits, (logit, row) => [rows.sourceIdOf(row), logit]));
  };
  const full = await logits('full');
  const trimmed = await logits(256);
  assert.ok(trimmed.size < full.size);
  for (const [id, logit] of trimmed) assert.ok(Math.abs(full.get(id)! - logit) < 1e-4, `id ${id}`);
});

test('a damaged model folder is refused with a code that says so', async () => {
  const gguf = join(dir, 'damage.gguf');
  writeFileSync(gguf, toyGemma3());
  const out = join(dir, 'damaged');
  await importLlm(gguf, out, { vocab: 'full' });
  const options = { threads: 1, spinning: false };
  const vocab = readFileSync(join(out, 'vocab.bin'));
  writeFileSync(join(out, 'vocab.bin'), vocab.subarray(0, vocab.length - 100));
  await assert.rejects(LlmScorer.open(out, options), { code: 'model_corrupt' });
  writeFileSync(join(out, 'vocab.bin'), vocab);
  writeFileSync(join(out, 'step.onnx'), 'not a graph');
  await assert.rejects(LlmScorer.open(out, options), { code: 'model_corrupt' });
  writeFileSync(join(out, 'model.json'), '{}');
  await assert.rejects(LlmScorer.open(out, options), { code: 'model_corrupt' });
  await assert.rejects(LlmScorer.open(join(dir, 'absent'), options), { code: 'model_missing' });
});

test('a canceled import leaves no model behind', async () => {
  const gguf = join(dir, 'cancel.gguf');
  writeFileSync(gguf, toyGemma3());
  const out = join(dir, 'canceled');
  const controller = new AbortController();
  const run = importLlm(gguf, out, { vocab: 'full', signal: controller.signal, onProgress: () => controller.abort() });
  await assert.rejects(run, { code: 'canceled' });
  assert.deepEqual(existsSync(out) ? readdirSync(out) : [], []);
});
