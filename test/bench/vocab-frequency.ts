/**
 * Counts which tokens of a language model's vocabulary its own languages use: the model continues openings by sampling,
 * and the probabilities of all next tokens are added up. Prints the module that `models/convert` keeps the result in.
 *
 *   node dist/test/bench/vocab-frequency.js MODEL_DIR > models/convert/gemma3-frequency.ts
 *
 * MODEL_DIR is a converted model with the full vocabulary. It takes some minutes. No text but the openings is used.
 */
import { deflateRawSync } from 'node:zlib';
import type { ScorerNode } from '../../models/core/token-scorer.ts';
import { LlmScorer } from '../../models/llm/llm-scorer.ts';
import type { RowDistribution } from '../../models/llm/row-distribution.ts';
import type { SortedVocab } from '../../models/tokenizer/sorted-vocab.ts';
import { VOCAB_PROMPTS } from './vocab-prompts.ts';

const CONTINUATION_TOKENS = 120;
const LANES = 16;

/** Mulberry32: a small seeded generator, 0..1. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function countLanguage(scorer: LlmScorer, prompts: readonly string[], random: () => number) {
  const vocab = scorer.vocab as SortedVocab;
  const counts = new Float64Array(vocab.size);
  let positions = 0;
  for (let first = 0; first < prompts.length; first += LANES) {
    const made: ScorerNode[] = [];
    let lanes = prompts.slice(first, first + LANES).map((prompt) => {
      let node = scorer.child(null, vocab.bos);
      made.push(node);
      for (const row of vocab.encode(new TextEncoder().encode(prompt))) {
        node = scorer.child(node, row);
        made.push(node);
      }
      return node;
    });
    for (let step = 0; step < CONTINUATION_TOKENS; step++) {
      const distributions = (await scorer.evaluate(lanes)) as RowDistribution[];
      lanes = lanes.map((node, i) => {
        const { logits, logTotal } = distributions[i]!;
        let target = random();
        let chosen = 0;
        for (let row = 0; row < logits.length; row++) {
          const probability = Math.exp(logits[row]! - logTotal);
          counts[row] = counts[row]! + probability;
          if (target > 0) chosen = row;
          target -= probability;
        }
        positions++;
        const next = scorer.child(node, chosen);
        made.push(next);
        return next;
      });
      process.stderr.write('.');
    }
    scorer.release(made.reverse());
  }
  return counts.map((count) => count / positions);
}

const dir = process.argv[2];
if (dir === undefined) throw new Error('Name the folder of a converted model with the full vocabulary');
const scorer = await LlmScorer.open(dir, { spinning: false });
const vocab = scorer.vocab as SortedVocab;
const random = seeded(1);
const shares = new Float64Array(vocab.size);
for (const prompts of Object.values(VOCAB_PROMPTS)) {
  const counts = await countLanguage(scorer, prompts, random);
  for (let row = 0; row < shares.length; row++) shares[row] = shares[row]! + counts[row]!;
}
const idMax = Array.from({ length: vocab.size }, (_, row) => vocab.sourceIdOf(row)).reduce((a, b) => Math.max(a, b), 0);
const tiers = new Uint8Array(idMax + 1);
for (let row = 0; row < shares.length; row++) {
  // Two octaves a tier; tier 0 is what comes up less than once in four million tokens.
  const halfOctaves = Math.round(2 * (Math.log2(shares[row]!) + 22));
  tiers[vocab.sourceIdOf(row)] = halfOctaves < 0 ? 0 : Math.min(15, Math.floor(halfOctaves / 4) + 1);
}
const text = deflateRawSync(tiers, { level: 9 }).toString('base64');
const lines = text.match(/.{1,110}/g)!.map((line) => `  '${line}',`);
process.stdout.write(`/**
 * How often each token of Gemma 3's vocabulary comes up in English, Turkish and Chinese text, as the 270M model itself
 * continues it: a byte per source id, tiers of two octaves, 0 is rare. Deflated, in base64.
 * Written by test/bench/vocab-frequency.ts; do not edit.
 */
export const GEMMA3_FREQUENCY = [
${lines.join('\n')}
].join('');
`);
await scorer.dispose();
