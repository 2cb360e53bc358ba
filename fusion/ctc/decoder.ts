/**
 * CTC fusion: prefix beam search over the lattice of a line in which a language model scores the bytes of each prefix.
 *
 *   score(prefix) = log P_ctc(prefix) + lambda * log P_llm(bytes) + beta * characters
 *
 * Nothing is divided: every prefix explains the same frames. (Graves 2012, section 7.5.3; Hannun et al. 2014, arXiv
 * 1408.2873, equation 4, with beta counting characters; bytes by covers as in Generative Fusion Decoding, arXiv
 * 2405.14259, section 3.) Read `decode` first. Per frame:
 *
 *   extend   each prefix by each entry of the frame, with the sums over alignments of plain-prefix.ts
 *   spread   prefixes whose P_ctc is more than `spreadNats` below the best are dropped: no language model asked
 *   prune    to the best `beams` by score; asked only about leaders, in the order of their upper bounds (lazy and exact)
 *   settle   prefixes that agree in their last `settleChars` characters are one decision: the best by score stays, as
 *            decoders with n-gram models recombine. What they shared before is context from then on, read and not scored
 *
 * A log-probability is never above 0, so P_ctc and beta alone bound a score from above; a cover sharpens the bound with
 * every row. While one prefix is left the language model is not asked at all, and that is most of a clean page: what
 * counts is how many places are in doubt, not how many characters there are. A search asks by yielding the rows that it
 * waits for, so that the lines of a page share calls (lockstep.ts).
 *
 * At the end of the line the leaders are ranked by the same score, over bytes that a line break closes if `endBreak`.
 */
import { type ByteConstraint, REJECTED } from '../../models/core/byte-constraint.ts';
import { IMPOSSIBLE, logAdd } from '../../models/core/logprob.ts';
import type { LlmNode } from '../bytes/llm-tree.ts';
import { ctcLogProb } from './alignment.ts';
import { constrainedPath } from './constrained-path.ts';
import type { FrameEntries } from './frame-entries.ts';
import { LlmWindow, type WindowParts } from './llm-window.ts';
import { idsOf, type Prefix, PrefixTree } from './prefix.ts';

export interface CtcSearchOptions {
  readonly beams: number;
  readonly nBest: number;
  /** lambda: weight of the language model; 0 leaves it out. */
  readonly llmWeight: number;
  /** beta: nats that each character earns back; without it characters are left out. */
  readonly charBonusNats: number;
  /** 'lazy' asks the language model only where it can matter; 'eager' asks about every prefix. Same result. */
  readonly asking: 'lazy' | 'eager';
  /** How far below the best prefix, by the recognizer alone, a prefix may lie. Infinity drops none. */
  readonly spreadNats: number;
  /** Characters after which two prefixes that agree again are one decision. Infinity scores whole lines. */
  readonly settleChars: number;
  /** Rows after which a line goes on by the recognizer alone: noise is not worth the time. Infinity sets no limit. */
  readonly rowsMax: number;
  /** Ask about bounds this close to the leader's in the same call: fewer calls for a few more rows. Changes no result. */
  readonly askAheadNats: number;
  /** Rank finished lines with a line break after them, so that a last word is judged as a whole. */
  readonly endBreak: boolean;
}

export interface LineInput {
  readonly entries: FrameEntries;
  readonly bytesOf: (id: number) => Uint8Array;
  /** Null searches by the recognizer alone. */
  readonly llm: WindowParts | null;
  /** Only strings that it accepts may come out. */
  readonly constraint: ByteConstraint | null;
}

/** A whole line, as the search ranked it. */
export interface CtcReading {
  readonly ids: readonly number[];
  /** log P_ctc, summed over the alignments that the beam kept. */
  readonly ctcLogProb: number;
  /** Sum over the stretches that it was asked to decide; undefined where it was never asked. */
  readonly llmLogProb: number | undefined;
  readonly score: number;
}

export interface LineOutcome {
  /** Best first: what was alive at the end. Empty where nothing that the constraint accepts was. */
  readonly readings: readonly CtcReading[];
  readonly rows: number;
  /** Rows behind every candidate of every decision that was put to the language model. */
  readonly rowsEager: number;
  /** Rows behind those that won them: no exact search needs fewer. */
  readonly rowsFloor: number;
  /** Tokens of context before the windows; those that an earlier window read are not read again. */
  readonly contextTokens: number;
  /** True where `rowsMax` ended the language model's part. */
  readonly exhausted: boolean;
}

/** A prefix with the sums over its alignments that end in a blank, and in its last character. */
interface Beam {
  readonly prefix: Prefix;
  blank: number;
  nonBlank: number;
  /** Both. */
  total: number;
}

/** A beam with its score: exact where its cover is, else an upper bound. */
interface Ranked {
  readonly beam: Beam;
  /** Place in the order of P_ctc: settles ties. */
  readonly order: number;
  readonly score: number;
  readonly exact: boolean;
}

type Asking<T> = Generator<ReadonlySet<LlmNode>, T>;

/** Rows between two sweeps of an open window. */
const SWEEP_ROWS = 32;

export class LineSearch {
  readonly #input: LineInput;
  readonly #options: CtcSearchOptions;
  readonly #tree: PrefixTree;
  /** What the open window's hypotheses began with; null from the start of the line. */
  #base: Prefix | null = null;
  #window: LlmWindow | null = null;
  #llmSettled: number | undefined;
  #rows = 0;
  #rowsSwept = 0;
  #rowsEager = 0;
  #rowsFloor = 0;
  #contextTokens = 0;

  constructor(input: LineInput, options: CtcSearchOptions) {
    this.#input = input;
    this.#options = options;
    this.#tree = new PrefixTree(input.bytesOf, input.constraint);
  }

  /** Yields the rows that it waits for; whoever drives it evaluates them and goes on. Its cache is freed in every case. */
  *decode(): Asking<LineOutcome> {
    const { entries } = this.#input;
    try {
      let live: Beam[] = [{ prefix: this.#tree.root, blank: 0, nonBlank: IMPOSSIBLE, total: 0 }];
      for (let frame = 0; frame < entries.frames && live.length > 0; frame++) {
        live = this.#extend(live, frame);
        live = yield* this.#prune(live);
        if (live.length > 1) live = yield* this.#settle(live);
        if (live.length === 1) this.#closeWindow(live[0]!.prefix);
        else this.#sweep(live);
      }
      const readings = yield* this.#finish(live);
      return {
        readings,
        rows: this.#rows,
        rowsEager: this.#rowsEager,
        rowsFloor: this.#rowsFloor,
        contextTokens: this.#contextTokens,
        exhausted: this.#exhausted,
      };
    } finally {
      this.#window?.close();
      this.#window = null;
    }
  }

  /** In the order of P_ctc; ties: the prefix that was met first. */
  #extend(live: readonly Beam[], frame: number): Beam[] {
    const { starts, ids, logProbs, blank } = this.#input.entries;
    const next = new Map<Prefix, Beam>();
    const at = (prefix: Prefix): Beam => {
      let found = next.get(prefix);
      if (!found) {
        found = { prefix, blank: IMPOSSIBLE, nonBlank: IMPOSSIBLE, total: IMPOSSIBLE };
        next.set(prefix, found);
      }
      return found;
    };
    for (const { prefix, blank: endsBlank, nonBlank, total } of live) {
      for (let i = starts[frame]!; i < starts[frame + 1]!; i++) {
        const id = ids[i]!;
        const logProb = logProbs[i]!;
        if (id === blank) {
          const same = at(prefix);
          same.blank = logAdd(same.blank, total + logProb);
          continue;
        }
        if (id === prefix.id && nonBlank !== IMPOSSIBLE) {
          const same = at(prefix);
          same.nonBlank = logAdd(same.nonBlank, nonBlank + logProb);
        }
        const from = id === prefix.id ? endsBlank : total;
        if (from === IMPOSSIBLE) continue;
        const child = this.#tree.child(prefix, id);
        if (child.state === REJECTED) continue;
        const longer = at(child);
        longer.nonBlank = logAdd(longer.nonBlank, from + logProb);
      }
    }
    const beams = [...next.values()];
    for (const beam of beams) beam.total = logAdd(beam.blank, beam.nonBlank);
    return beams.length > 1 ? beams.sort((a, b) => b.total - a.total) : beams;
  }

  /** Survivors, again in the order of P_ctc, so that sums do not depend on what was asked when. */
  *#prune(candidates: Beam[]): Asking<Beam[]> {
    const { beams, spreadNats, asking } = this.#options;
    const least = (candidates[0]?.total ?? 0) - spreadNats;
    const near = candidates.filter(({ total }) => total >= least);
    if (near.length <= beams) {
      if (asking === 'eager' && near.length > 1) yield* this.#leaders(near, near.length);
      return near;
    }
    const kept = new Set((yield* this.#leaders(near, beams)).map(({ beam }) => beam));
    return near.filter((beam) => kept.has(beam));
  }

  /** One of each group that agrees in its last characters. */
  *#settle(live: Beam[]): Asking<Beam[]> {
    const { settleChars } = this.#options;
    if (settleChars === Number.POSITIVE_INFINITY) return live;
    const groups = new Map<string, Beam[]>();
    for (const beam of live) {
      const key = suffixKey(beam.prefix, settleChars, this.#base);
      // Too short to be settled: a group by itself.
      const name = key ?? `alone ${groups.size}`;
      const group = groups.get(name);
      if (group) group.push(beam);
      else groups.set(name, [beam]);
    }
    if (groups.size === live.length) return live;
    const kept = new Set<Beam>();
    for (const group of groups.values()) {
      if (group.length === 1) kept.add(group[0]!);
      else kept.add((yield* this.#leaders(group, 1))[0]!.beam);
    }
    const survivors = live.filter((beam) => kept.has(beam));
    if (survivors.length === 1) this.#addSettled(survivors[0]!.prefix);
    return survivors;
  }

  *#finish(live: Beam[]): Asking<CtcReading[]> {
    const accepted = this.#input.constraint === null ? live : this.#accepted(live, this.#input.constraint);
    const { nBest } = this.#options;
    if (accepted.length <= 1 || !this.#fuses) {
      return this.#rank(accepted, '', false)
        .slice(0, nBest)
        .map((one) => this.#reading(one.beam, this.#llmSettled));
    }
    const end = this.#options.endBreak ? '\n' : '';
    const leaders = yield* this.#leaders(accepted, nBest, end);
    return leaders.map(({ beam }) => {
      if (this.#exhausted) return this.#reading(beam, this.#llmSettled);
      return this.#reading(beam, (this.#llmSettled ?? 0) + this.#openWindow().cover(beam.prefix, end).logProb);
    });
  }

  /**
   * What a constraint lets through: of the beam, and the likeliest accepted path, which is there whenever the lattice holds
   * one at all. Their sums are taken over all alignments, since the beam did not follow that path.
   */
  #accepted(live: readonly Beam[], constraint: ByteConstraint): Beam[] {
    const { entries, bytesOf } = this.#input;
    const prefixes = new Set(live.map(({ prefix }) => prefix).filter((prefix) => this.#tree.accepts(prefix)));
    const path = constrainedPath(entries, constraint, bytesOf);
    if (path) prefixes.add(path.reduce((prefix, id) => this.#tree.child(prefix, id), this.#tree.root));
    return [...prefixes]
      .map((prefix) => ({ prefix, blank: IMPOSSIBLE, nonBlank: IMPOSSIBLE, total: ctcLogProb(entries, idsOf(prefix)) }))
      .sort((a, b) => b.total - a.total);
  }

  #reading({ prefix, total }: Beam, llmLogProb: number | undefined): CtcReading {
    const { llmWeight, charBonusNats } = this.#options;
    const llm = llmLogProb === undefined ? 0 : llmWeight * llmLogProb;
    return { ids: idsOf(prefix), ctcLogProb: total, llmLogProb, score: total + llm + charBonusNats * prefix.length };
  }

  /**
   * The best `count`, with exact scores. Asked is only who stands among them by bound: whoever does could be displaced
   * only by others' exact scores, which are never above their own bounds.
   */
  *#leaders(candidates: readonly Beam[], count: number, end = ''): Asking<Ranked[]> {
    const { asking, askAheadNats } = this.#options;
    for (;;) {
      const ranked = this.#rank(candidates, end, this.#fuses);
      const leaders = ranked.slice(0, count);
      if (!this.#fuses) return leaders;
      const window = this.#openWindow();
      const least = asking === 'eager' ? IMPOSSIBLE : leaders[leaders.length - 1]!.score - askAheadNats;
      if ((asking === 'eager' ? ranked : leaders).every(({ exact }) => exact)) {
        for (const { beam } of leaders) this.#rowsFloor += window.countFloor(beam.prefix, end);
        return leaders;
      }
      const missing = new Set<LlmNode>();
      for (const { beam, exact, score } of ranked) {
        if (!exact && score >= least) window.collectMissing(window.cover(beam.prefix, end), missing);
      }
      this.#rows += missing.size;
      yield missing;
    }
  }

  /** By score, or by its upper bound where the language model has not been asked. */
  #rank(candidates: readonly Beam[], end: string, fuses: boolean): Ranked[] {
    const { llmWeight, charBonusNats } = this.#options;
    // A line that goes on without the language model earns nothing back for what that no longer takes.
    const bonus = this.#exhausted ? 0 : charBonusNats;
    const ranked = candidates.map((beam, order): Ranked => {
      const alone = beam.total + bonus * beam.prefix.length;
      if (!fuses) return { beam, order, score: alone, exact: true };
      const window = this.#openWindow();
      this.#rowsEager += window.countEager(beam.prefix, end);
      const cover = window.cover(beam.prefix, end);
      return { beam, order, score: alone + llmWeight * cover.logProb, exact: cover.exact };
    });
    return ranked.sort((a, b) => b.score - a.score || a.order - b.order);
  }

  get #fuses(): boolean {
    return this.#options.llmWeight !== 0 && this.#input.llm !== null && !this.#exhausted;
  }

  get #exhausted(): boolean {
    return this.#rows >= this.#options.rowsMax;
  }

  #openWindow(): LlmWindow {
    if (this.#window === null) {
      this.#window = new LlmWindow(this.#input.llm!, this.#tree.root, this.#base);
      this.#contextTokens += this.#window.contextTokens;
    }
    return this.#window;
  }

  /** One prefix is left: it is the context of what comes. Where lines are scored whole, nothing ever settles. */
  #closeWindow(prefix: Prefix): void {
    if (this.#options.settleChars === Number.POSITIVE_INFINITY) return;
    this.#window?.close();
    this.#window = null;
    this.#base = prefix;
  }

  #addSettled(prefix: Prefix): void {
    if (this.#fuses) this.#llmSettled = (this.#llmSettled ?? 0) + this.#openWindow().cover(prefix).logProb;
  }

  /** Between decisions: what was asked about is exact by then, and needs its rows no more. */
  #sweep(live: readonly Beam[]): void {
    if (this.#rows - this.#rowsSwept < SWEEP_ROWS) return;
    this.#rowsSwept = this.#rows;
    this.#window?.retain(live.map(({ prefix }) => prefix));
  }
}

/** The last `chars` entries, as a key; null where the prefix is not that long after `base`. */
function suffixKey(prefix: Prefix, chars: number, base: Prefix | null): string | null {
  if (prefix.length - (base?.length ?? 0) <= chars) return null;
  let key = `${prefix.state}`;
  let at = prefix;
  for (let i = 0; i < chars; i++) {
    key += ` ${at.id}`;
    at = at.parent!;
  }
  return key;
}
