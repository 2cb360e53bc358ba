import { logProbabilityOf } from './candidates.ts';
import type { DecoderTree, NewToken } from './step-decoder.ts';
import type { WhisperModelFile } from './whisper-model.ts';
import type { WhisperTokens } from './whisper-tokens.ts';

/** Text that a process that is gone committed, as tokens of this one. */
export interface CommittedBeginning {
  /** As it was given out, but for the space that the vocabulary's first words begin with. */
  readonly text: string;
  readonly tokens: readonly number[];
}

const NOTHING: CommittedBeginning = { text: '', tokens: [] };

/** Of the decoder's positions; the longest prompt takes half of them, so an eighth is left to go on. */
const POSITIONS_SHARE_MAX = 3 / 8;
/** Texts whose first letter is of these scripts: there is no space before a first word. */
const UNSPACED =
  /^\P{L}*[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Myanmar}]/u;

/** Nothing where the text is too long to go on from: whoever told of it has to make do with what is heard instead. */
export function committedBeginning(
  committed: string,
  vocabulary: WhisperTokens,
  { dims }: Pick<WhisperModelFile, 'dims'>,
): CommittedBeginning {
  if (committed === '') return NOTHING;
  const text = UNSPACED.test(committed) ? committed : ` ${committed}`;
  const tokens = vocabulary.encode(text);
  return tokens.length > POSITIONS_SHARE_MAX * dims.textCtx ? NOTHING : { text, tokens };
}

/** log P of tokens after a prompt, each among all tokens: they stand, so no rule has a say. */
export async function tokenLogProbs(
  tree: Pick<DecoderTree, 'evaluate'>,
  vocabulary: WhisperTokens,
  prompt: readonly number[],
  tokens: readonly number[],
): Promise<number[]> {
  // The row of a token tells what comes next, so the last one is not asked.
  const path = [...prompt, ...tokens.slice(0, -1)];
  const chain = path.map((token, i): NewToken => ({ token, parent: i === 0 ? null : i - 1 }));
  const rows = tokens.map((_, i) => prompt.length - 1 + i);
  const { logits } = await tree.evaluate(chain, rows);
  return tokens.map((token, row) => logProbabilityOf(logits, row, vocabulary.size, token));
}
