/** The converted language model against node-llama-cpp on the same GGUF file. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { importLlm } from '../../models/convert/llm-import.ts';
import type { ScorerNode } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import type { SortedVocab } from '../../models/tokenizer/sorted-vocab.ts';
import { gemmaGguf, NO_LLM } from '../support/llm-weights.ts';
import { LlamaPeer, peerFolder } from './llama-peer.ts';

const LINES = 10_000;
const FILES: Readonly<Record<string, string>> = {
  'zh-Hans': 'zh-Hans/ud-gsdsimp.txt',
  'zh-Hant': 'zh-Hant/ud-gsd.txt',
  tr: 'tr/ud-boun.txt',
  en: 'en/ud-ewt.txt',
};
/** Files for token ids: more of them, and rougher text. */
const ID_FILES = [
  ...Object.values(FILES),
  'zh-Hans/fcgec-correct.txt',
  'zh-Hant/moztw-sentences.txt',
  'zh-Hant/moztw-chatlogs.txt',
  'tr/ud-imst.txt',
];
const BITS_LINES = 8;
const BITS_SHARE_MAX = 0.02;
/** Both sides round activations to 8 bits, each in its own way: seen 0.14 on average, and now and then a nat on a rare token. */
const MEAN_DIFFERENCE_MAX = 0.25;
const LARGEST_DIFFERENCE_MAX = 2;

const gguf = await gemmaGguf();
const data = process.env['BYTEFUSE_DATA'];
const textDir = data === undefined ? undefined : join(data, 'text');
const folder = gguf === null ? null : peerFolder();
const missing =
  gguf === null
    ? NO_LLM
    : textDir === undefined || !existsSync(textDir)
      ? 'set BYTEFUSE_DATA to the folder of the development data'
      : folder === null
        ? 'node-llama-cpp is neither in BYTEFUSE_LLAMA_PEER nor can it be installed'
        : false;

function linesOf(file: string): string[] {
  return readFileSync(join(textDir!, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

describe('the converted language model against node-llama-cpp', { skip: missing }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'bytefuse-golden-'));
  let scorer: LlmScorer;
  let vocab: SortedVocab;
  let peer: LlamaPeer;

  before(async () => {
    await importLlm(gguf!, dir, { vocab: 'full' });
    scorer = await LlmScorer.open(dir, { spinning: false });
    vocab = scorer.vocab as SortedVocab;
    peer = await LlamaPeer.open(folder!, gguf!);
  });
  after(async () => {
    await scorer?.dispose();
    await peer?.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  const encode = (text: string) => vocab.encode(new TextEncoder().encode(text));

  /** log P of ids from .. end given what is before, by the scorer. */
  async function logProbs(rows: readonly number[], from: number): Promise<number[]> {
    const nodes: ScorerNode[] = [scorer.child(null, vocab.bos)];
    for (const row of rows) nodes.push(scorer.child(nodes[nodes.length - 1]!, row));
    const out: number[] = [];
    for (let i = from; i < rows.length; i += 32) {
      const part = nodes.slice(i, Math.min(rows.length, i + 32));
      const distributions = await scorer.evaluate(part);
      for (const [j, distribution] of distributions.entries()) out.push(distribution.logProb(rows[i + j]!));
    }
    scorer.release(nodes.reverse());
    return out;
  }

  it(`gives the same token ids on ${LINES} lines`, (t) => {
    const files = ID_FILES.map(linesOf);
    // Line by line from each file in turn, until there are enough.
    const sample: string[] = [];
    for (let i = 0; sample.length < LINES && files.some((lines) => i < lines.length); i++) {
      for (const lines of files) if (i < lines.length) sample.push(lines[i]!);
    }
    let tokens = 0;
    for (const line of sample) {
      const ours = encode(line).map((row) => vocab.sourceIdOf(row));
      assert.deepEqual(ours, peer.tokenize(line), JSON.stringify(line));
      tokens += ours.length;
    }
    t.diagnostic(`${sample.length} lines, ${tokens} tokens`);
    assert.ok(sample.length >= LINES);
  });

  it('gives the same token ids on spaces, newlines, tabs, markup and rare characters', () => {
    const texts = [
      '  two',
      'a   b',
      '\n\n\nx',
      'a\tb\t\t',
      '<b>bold</b>',
      'é\u0301',
      '𠮷野家',
      '👩‍👩‍👧',
      'x\u00a0y',
      ' ',
      '',
    ];
    for (const text of [...texts, 'a\r\nb', '`code`', "don't", '１２３', '１，２', 'İıĞğ']) {
      assert.deepEqual(
        encode(text).map((row) => vocab.sourceIdOf(row)),
        peer.tokenize(text),
        JSON.stringify(text),
      );
    }
  });

  it('gives the same token ids as tokenizer.json in @huggingface/tokenizers', () => {
    const json = JSON.parse(readFileSync(join(dir, 'tokenizer.json'), 'utf8')) as object;
    const tokenizer = new Tokenizer(json, {});
    for (const file of ID_FILES) {
      for (const line of linesOf(file).slice(0, 200)) {
        const theirs = tokenizer.encode(line, { add_special_tokens: false }).ids;
        assert.deepEqual(
          encode(line).map((row) => vocab.sourceIdOf(row)),
          [...theirs],
          JSON.stringify(line),
        );
      }
    }
  });

  it(`gives bits per byte within ${BITS_SHARE_MAX * 100}% in every language`, async (t) => {
    for (const [language, file] of Object.entries(FILES)) {
      const all = linesOf(file).filter((line) => line.length >= 30);
      const step = Math.max(1, Math.floor(all.length / BITS_LINES));
      let ours = 0;
      let theirs = 0;
      let bytes = 0;
      const differences: number[] = [];
      for (const line of all.filter((_, i) => i % step === 0).slice(0, BITS_LINES)) {
        const rows = encode(line);
        const a = await logProbs(rows, 0);
        const ids = rows.map((row) => vocab.sourceIdOf(row));
        const b = await peer.logProbs(ids, 0, 512);
        ours -= a.reduce((sum, x) => sum + x, 0);
        theirs -= b.reduce((sum, x) => sum + x, 0);
        bytes += Buffer.byteLength(line);
        differences.push(...a.map((x, i) => x - b[i]!));
      }
      const [oursBits, theirsBits] = [ours / Math.LN2 / bytes, theirs / Math.LN2 / bytes];
      t.diagnostic(
        `${language}: ${oursBits.toFixed(4)} and ${theirsBits.toFixed(4)} bits/byte; ${describeAll(differences)}`,
      );
      assert.ok(Math.abs(oursBits / theirsBits - 1) < BITS_SHARE_MAX, `${language}: ${oursBits} and ${theirsBits}`);
      assertClose(differences);
    }
  });

  it('gives the same numbers to the last bit, one by one or together', async () => {
    for (const file of Object.values(FILES)) {
      const rows = encode(linesOf(file)[3]!).slice(0, 24);
      const together = await logProbs(rows, 0);
      const nodes: ScorerNode[] = [scorer.child(null, vocab.bos)];
      for (const [i, row] of rows.entries()) {
        const [alone] = await scorer.evaluate([nodes[i]!]);
        assert.equal(alone!.logProb(row), together[i], `${file}, token ${i}`);
        nodes.push(scorer.child(nodes[i]!, row));
      }
    }
  });

  for (const context of [600, 2000]) {
    it(`gives the same log-probabilities after ${context} tokens`, async (t) => {
      const rows: number[] = [];
      for (const line of linesOf(FILES['en']!)) {
        rows.push(...encode(`${line}\n`));
        if (rows.length >= context + 32) break;
      }
      const path = rows.slice(0, context + 32);
      const ours = await logProbs(path, context);
      const ids = path.map((row) => vocab.sourceIdOf(row));
      const theirs = await peer.logProbs(ids, context, 2560);
      const differences = ours.map((x, i) => x - theirs[i]!);
      t.diagnostic(`after ${context} tokens: ${describeAll(differences)}`);
      assertClose(differences);
    });
  }
});

function describeAll(differences: readonly number[]): string {
  const largest = differences.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return `${differences.length} log-probabilities, mean difference ${mean(differences).toFixed(4)}, largest ${largest.toFixed(4)}`;
}

function mean(differences: readonly number[]): number {
  return differences.reduce((sum, x) => sum + Math.abs(x), 0) / differences.length;
}

function assertClose(differences: readonly number[]): void {
  assert.ok(mean(differences) < MEAN_DIFFERENCE_MAX, describeAll(differences));
  assert.ok(
    differences.every((x) => Math.abs(x) < LARGEST_DIFFERENCE_MAX),
    describeAll(differences),
  );
}
