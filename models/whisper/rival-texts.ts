import type { AttentionRows } from './attention-rows.ts';
import { selectCandidates } from './candidates.ts';
import type { PassText, Rival } from './live-pass.ts';
import type { DecoderNode, DecoderTree, NewToken } from './step-decoder.ts';
import type { RuleState, TokenRules } from './token-rules.ts';

/** How a pass came to one of its tokens. */
export interface PassStep {
  /** Node that the token was chosen after. */
  readonly at: DecoderNode;
  readonly state: RuleState;
  /** What would have been chosen next to it. */
  readonly second: { readonly token: number; readonly logProb: number } | null;
}

/** A token this likely has no rival, and one this unlikely is none. */
const SURE = Math.log(0.9);
const RIVAL_MIN = Math.log(0.05);
/** Calls of the decoder, for all rivals together. One that is not back on the text by then is left out. */
const ROUNDS_MAX = 4;
/** How many tokens later a rival may join the text that it left: words are spelled with more or fewer tokens. */
const JOIN_TOKENS_MAX = 3;

/** A rival that is being decoded. */
interface Branch {
  readonly place: number;
  readonly tokens: number[];
  readonly logProbs: number[];
  readonly attention: AttentionRows;
  state: RuleState;
  /** Evaluated node that the last token goes below. */
  at: DecoderNode;
  /** What the text says after the last token, if the rival is back on it. */
  draft: readonly number[];
}

/**
 * Texts that are nearly as likely as the one that a greedy pass found: at each place where it was least sure the second
 * choice, and what follows that greedily. What follows is mostly the text itself again, so that is evaluated with it and
 * kept as far as it holds: two or three calls do for all of them. Most likely second choices first.
 */
export async function rivalTexts(
  tree: Pick<DecoderTree, 'evaluate'>,
  rules: TokenRules,
  text: PassText,
  steps: readonly PassStep[],
  { max, tokensMax, signal }: { readonly max: number; readonly tokensMax: number; readonly signal: AbortSignal },
): Promise<Rival[]> {
  const from = text.tokens.length - steps.length;
  const unsure = steps
    .flatMap(({ at, state, second }, i) => {
      const place = from + i;
      if (second === null || text.logProbs[place]! > SURE || second.logProb < RIVAL_MIN) return [];
      return [{ place, at, state, second }];
    })
    .sort((a, b) => b.second.logProb - a.second.logProb)
    .slice(0, max);
  const found = new Map<number, Rival>();
  let running = unsure.map(({ place, at, state, second }): Branch => {
    const tokens = [...text.tokens.slice(0, place), second.token];
    return {
      place,
      tokens,
      logProbs: [...text.logProbs.slice(0, place), second.logProb],
      attention: text.attention.fork(place + 1),
      state: rules.next(state, second.token),
      at,
      draft: text.tokens.slice(place + 1),
    };
  });
  for (let round = 0; round < ROUNDS_MAX && running.length > 0; round++) {
    signal.throwIfAborted();
    running = await advance(tree, rules, running, tokensMax, (rival) => found.set(rival.place, rival));
  }
  return unsure.flatMap(({ place }) => found.get(place) ?? []);
}

/** One call for all branches; returns those that go on. */
async function advance(
  tree: Pick<DecoderTree, 'evaluate'>,
  rules: TokenRules,
  branches: readonly Branch[],
  tokensMax: number,
  ended: (rival: Rival) => void,
): Promise<Branch[]> {
  const chain: NewToken[] = [];
  const firsts = branches.map(({ tokens, at, draft }) => {
    const first = chain.length;
    chain.push({ token: tokens.at(-1)!, parent: at });
    for (const token of draft) chain.push({ token, parent: chain.length - 1 });
    return first;
  });
  const rows = chain.map((_, i) => i);
  const { nodes, logits, align } = await tree.evaluate(chain, rows, true);
  return branches.filter((branch, i) => {
    const { tokens, logProbs, attention, draft } = branch;
    for (let k = 0; ; k++) {
      const row = firsts[i]! + k;
      attention.add(align!, chain.length, row);
      const best = selectCandidates(logits, row, rules, branch.state, 1);
      if (best.ids.length === 0 || best.endLogProb >= best.logProbs[0]!) {
        ended({ place: branch.place, tokens, logProbs, endLogProb: best.endLogProb, attention });
        return false;
      }
      if (tokens.length >= tokensMax) return false;
      const token = best.ids[0]!;
      tokens.push(token);
      logProbs.push(best.logProbs[0]!);
      branch.state = rules.next(branch.state, token);
      if (draft[k] === token) continue;
      const joins = draft.slice(k, k + JOIN_TOKENS_MAX).indexOf(token);
      branch.at = nodes[row]!;
      branch.draft = draft.slice(joins < 0 ? k + 1 : k + joins + 1);
      return true;
    }
  });
}
