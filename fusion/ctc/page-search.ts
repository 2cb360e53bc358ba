import { AppError } from '../../models/core/app-error.ts';
import type { CharReading, CtcLattice, LineReading, PageOutcome, PageUnit } from '../../models/core/page.ts';
import type { SearchStats, Warning } from '../../models/core/stepwise.ts';
import type { ContextCache } from '../bytes/context-cache.ts';
import { LlmText } from '../gfd/llm-text.ts';
import { readingDifferences } from '../gfd/reading-difference.ts';
import { byteLogProbs, uncovered } from '../gfd/search.ts';
import { alignChars, ctcLogProb } from './alignment.ts';
import { type CtcReading, type LineOutcome, LineSearch } from './decoder.ts';
import { faithfulRule, frameClasses, type SpanClass } from './faithful.ts';
import { type Field, fieldOf } from './field.ts';
import { type EntryRule, frameEntries } from './frame-entries.ts';
import { greedyPath, type PathChar } from './greedy.ts';
import { shiftedLattice } from './label-shift.ts';
import { languageOf } from './language.ts';
import type { CtcTuning, LatticeOptions } from './lattice-search.ts';
import type { LatticeText } from './lattice-text.ts';
import { lettersOf } from './letters.ts';
import { LINE_FRAMES_MAX, PAGE_LINES_MAX } from './limits.ts';
import type { WindowParts } from './llm-window.ts';
import { runLockstep } from './lockstep.ts';
import { plainPrefixSearch } from './plain-prefix.ts';
import { type CtcPreset, ctcPreset } from './presets.ts';

/** Entries this far below a frame's best change no sum that anybody sees: exp(-12) is 6 in a million. */
const ENTRY_NATS_MAX = 12;
/** A field's strings are few and its lattice is not thinned out: a wider beam costs little and keeps more of them. */
const FIELD_BEAMS_MIN = 16;
/** What lies farther below the best that its field allows is left to the search for the likeliest path. */
const FIELD_SPREAD_NATS = 10;

export interface PageParts {
  readonly contexts: ContextCache | null;
  readonly simplified: ReadonlyMap<string, string>;
  readonly text: LatticeText;
  readonly fields: readonly Field[];
}

/** A line with what is known before any search. */
interface Line {
  /** What is searched: as seen, or corrected for the language (`#shifted`). */
  readonly lattice: CtcLattice;
  /** As the recognizer gave it. */
  readonly seen: CtcLattice;
  readonly greedy: readonly PathChar[];
  readonly greedyText: string;
  /** Class of each frame by what the recognizer reads there. */
  readonly classes: readonly SpanClass[];
  readonly field: Field | null;
}

/** How this page is searched. */
interface Plan {
  readonly language: string;
  readonly preset: CtcPreset;
  /** lambda; 0 where the language model takes no part. */
  readonly llmWeight: number;
  /** The likeliest entry of each frame: asked for, or all that is left of fusion where it was not measured. */
  readonly greedy: boolean;
  readonly llmText: LlmText;
}

/** One page: judges its language, searches all its lines side by side, and says what came of it. */
export class PageSearch {
  readonly #parts: PageParts;
  readonly #options: LatticeOptions;
  readonly #tuning: CtcTuning;
  readonly #warnings: Warning[] = [];

  constructor(parts: PageParts, options: LatticeOptions, tuning: CtcTuning) {
    this.#parts = parts;
    this.#options = options;
    this.#tuning = tuning;
  }

  /** @throws AppError invalid_option for a page beyond the limits, what the scorer throws, the reason of `signal` */
  async read(page: PageUnit, signal?: AbortSignal): Promise<PageOutcome> {
    signal?.throwIfAborted();
    checkPage(page);
    const read = page.lines.map((unit): Line => {
      const lattice = this.#parts.text.merge(unit.lattice);
      const greedy = greedyPath(lattice);
      const greedyText = this.#spell(greedy.map(({ id }) => id));
      const field = fieldOf(this.#parts.fields, unit, page);
      return { lattice, seen: lattice, greedy, greedyText, classes: this.#classes(greedy, lattice.frames), field };
    });
    const plan = this.#plan(read);
    const lines = read.map((line) => this.#shifted(line, plan));
    const searches = lines.map((_, i) => () => this.#search(lines, i, plan));
    const { results, calls, llmMs } = await runLockstep(searches, this.#parts.contexts?.scorer ?? null, signal);
    const readings = results.map(({ readings }, i) => this.#lineReading(lines[i]!, readings));
    if (this.#options.explain && plan.llmWeight > 0) {
      for (const [i, reading] of readings.entries()) {
        readings[i] = await this.#explain(lines, i, reading, plan, signal);
      }
    }
    const given = results.filter(({ exhausted }) => exhausted).length;
    if (given > 0) this.#warnings.push(tooDoubtful(given));
    const language = plan.llmWeight > 0 ? plan.language : '';
    return { lines: readings, language, stats: statsOf(lines, results, calls, llmMs), warnings: this.#warnings };
  }

  #plan(lines: readonly Line[]): Plan {
    const { language: asked, mode, llmWeight } = this.#options;
    const { contexts, simplified } = this.#parts;
    const language = asked === 'auto' ? languageOf(lines.map(({ greedyText }) => greedyText).join('\n')) : asked;
    const preset = { ...ctcPreset(language), ...this.#tuning };
    const llmText = new LlmText(language === 'zh' ? simplified : new Map(), { dropLeadingSpace: false });
    const plan = { language, preset, llmText };
    if (mode === 'greedy' || mode === 'alone' || contexts === null) {
      return { ...plan, llmWeight: 0, greedy: mode === 'greedy' };
    }
    const wanted = llmWeight ?? preset.llmWeight;
    const unmeasured = { ...plan, llmWeight: 0, greedy: llmWeight === undefined };
    if (wanted === 0) return unmeasured;
    const { languages } = contexts.scorer.vocab;
    if (languages === null || languages.includes(language)) return { ...plan, llmWeight: wanted, greedy: false };
    this.#warnings.push(uncovered(language));
    return unmeasured;
  }

  /**
   * Fusion works on scores that are corrected for the language, numbers and codes aside, as what the recognizer reads by
   * itself (`greedy`) has them. Faithful reading and fields stay with the recognizer's own.
   */
  #shifted(line: Line, { language, llmWeight }: Plan): Line {
    const { lattice, classes, field } = line;
    if (llmWeight === 0 || field !== null || this.#options.mode === 'faithful') return line;
    const { shiftNats } = lettersOf(language);
    const isWord = (frame: number) => classes[frame] !== 'number' && classes[frame] !== 'code';
    return { ...line, lattice: shiftedLattice(lattice, (id) => shiftNats(this.#parts.text.textOf(id)), isWord) };
  }

  *#search(lines: readonly Line[], index: number, plan: Plan): ReturnType<LineSearch['decode']> {
    const { lattice, greedy, field } = lines[index]!;
    const { beams, nBest } = this.#options;
    const { llmWeight, preset } = plan;
    const shared = {
      bytesOf: (id: number) => this.#parts.text.bytesOf(id),
      llm: this.#windowParts(lines, index, plan),
    };
    const options = { ...preset, beams, nBest, llmWeight, asking: this.#tuning.asking ?? 'lazy' } as const;
    if (field !== null) {
      const fuses = llmWeight > 0 && !field.isFaithful;
      const whole = {
        beams: Math.max(beams, FIELD_BEAMS_MIN),
        ...(fuses ? {} : { llmWeight: 0, charBonusNats: 0 }),
        spreadNats: FIELD_SPREAD_NATS,
        settleChars: Infinity,
      };
      const input = { ...shared, entries: frameEntries(lattice), constraint: field.constraint };
      return yield* new LineSearch(input, { ...options, ...whole }).decode();
    }
    if (plan.greedy) {
      const ids = greedy.map(({ id }) => id);
      return alone([{ ids, logProb: ctcLogProb(frameEntries(lattice, nearBest), ids) }]);
    }
    const isHopeless = llmWeight > 0 && meanNats(greedy) > preset.lineNatsMax;
    if (llmWeight === 0 || isHopeless) {
      const found = plainPrefixSearch(frameEntries(lattice, nearBest), beams).slice(0, nBest);
      return { ...alone(found), exhausted: isHopeless };
    }
    const input = { ...shared, entries: frameEntries(lattice, this.#faithful(lines[index]!, plan)), constraint: null };
    return yield* new LineSearch(input, options).decode();
  }

  /** What the language model may choose among on this line. */
  #faithful({ lattice, greedyText, classes }: Line, { preset, language }: Plan): EntryRule {
    const isStrict = this.#options.mode === 'faithful';
    const { faithfulNats } = preset;
    const strict = { wordNats: faithfulNats, confusionNats: faithfulNats, nameNats: faithfulNats };
    const context = {
      classes,
      textOf: (id: number) => this.#parts.text.textOf(id),
      blank: lattice.blank,
      letters: lettersOf(language),
      formOf: (text: string) => this.#formOf(text),
    };
    const rule = faithfulRule(context, isStrict ? { ...preset, ...strict } : preset);
    const spaces = this.#numberSpaces(lattice, greedyText);
    if (spaces.size === 0) return rule;
    return (frame, id, logProb, best) => id === spaces.get(frame) || rule(frame, id, logProb, best);
  }

  #classes(greedy: readonly PathChar[], frames: number): SpanClass[] {
    return frameClasses(
      greedy.map(({ id, startFrame, endFrame }) => ({ text: this.#parts.text.textOf(id), startFrame, endFrame })),
      frames,
    );
  }

  /**
   * Spaces that the recognizer reads beside digits once its alignments are summed, though no single frame puts one first
   * ("06 14:28"): the rule would leave in numbers only what a frame puts first. By frame, the space's token.
   */
  #numberSpaces(lattice: CtcLattice, greedyText: string): ReadonlyMap<number, number> {
    const spaces = new Map<number, number>();
    if (!/\p{Nd}/u.test(greedyText)) return spaces;
    const entries = frameEntries(lattice, nearBest);
    const ids = plainPrefixSearch(entries, this.#options.beams)[0]?.ids ?? [];
    const summed = this.#spell(ids);
    if (summed === greedyText || summed.replace(/\s/gu, '') !== greedyText.replace(/\s/gu, '')) return spaces;
    const chars = alignChars(entries, ids) ?? [];
    for (const [i, { id }] of chars.entries()) {
      if (this.#parts.text.textOf(id).trim() !== '') continue;
      const [from, to] = [chars[i - 1]?.endFrame ?? 0, chars[i + 1]?.startFrame ?? lattice.frames];
      for (let frame = from; frame < to; frame++) spaces.set(frame, id);
    }
    return spaces;
  }

  /** Width, script and the bend of quotation marks say nothing of sense: choosing a form is the recognizer's. */
  #formOf(text: string): string {
    const plain = text
      .normalize('NFKC')
      .replace(/[“”„‟″]/u, '"')
      .replace(/[‘’‚‛′]/u, "'");
    return this.#parts.simplified.get(plain) ?? plain;
  }

  /** The language model sees the likeliest readings of the lines before: they do not wait for each other. */
  #windowParts(lines: readonly Line[], index: number, { preset, llmText, llmWeight }: Plan): WindowParts | null {
    const { contexts, text } = this.#parts;
    if (llmWeight === 0 || contexts === null) return null;
    const { llmPrompt, llmContextCharsMax } = this.#options;
    const prompt = [preset.primer, llmPrompt.trim()].filter((part) => part !== '').join('\n');
    return {
      contexts,
      text: llmText,
      textOf: (id) => text.textOf(id),
      prompt: prompt === '' ? '' : `${prompt}\n`,
      before: linesBefore(lines, index, Math.min(llmContextCharsMax, preset.contextCharsMax)),
      contextCharsMax: preset.contextCharsMax,
    };
  }

  #lineReading(line: Line, readings: readonly CtcReading[]): LineReading {
    const { field } = line;
    const best = readings[0];
    const matched = field === null ? {} : { field: { name: field.name, matched: best !== undefined } };
    if (best === undefined) {
      this.#warnings.push(unmatched(field!.name, line.greedyText));
      const nothing = { text: '', chars: [], ctcLogProb: -Infinity, score: -Infinity, nBest: [], changes: [] };
      return { ...nothing, ...matched };
    }
    // What the recognizer itself says of a reading, whatever the search made of that.
    const entries = line.seen === line.lattice ? null : frameEntries(line.seen);
    const texts = readings.map(({ ids, ctcLogProb: found, llmLogProb }) => ({
      text: this.#spell(ids),
      ctcLogProb: entries === null ? found : ctcLogProb(entries, ids),
      ...(llmLogProb === undefined ? {} : { llmLogProb }),
    }));
    return {
      ...texts[0]!,
      chars: this.#chars(line, best.ids),
      score: best.score,
      nBest: texts,
      changes: [],
      ...matched,
    };
  }

  #chars({ lattice, greedy }: Line, ids: readonly number[]): CharReading[] {
    const isGreedy = ids.length === greedy.length && ids.every((id, i) => id === greedy[i]!.id);
    const path = isGreedy ? greedy : alignChars(frameEntries(lattice), ids)!;
    return path.map(({ id, ...frames }) => ({ text: this.#parts.text.textOf(id), ...frames }));
  }

  /** Where the reading is not the recognizer's own, the places with both scores of both readings. */
  async #explain(
    lines: readonly Line[],
    index: number,
    reading: LineReading,
    { preset, llmText }: Plan,
    signal: AbortSignal | undefined,
  ): Promise<LineReading> {
    const { seen, greedy, greedyText } = lines[index]!;
    if (reading.text === greedyText || reading.text === '') return reading;
    const contexts = this.#parts.contexts!;
    const before = linesBefore(lines, index, Math.min(this.#options.llmContextCharsMax, preset.contextCharsMax));
    const context = contexts.scorer.vocab.encode(llmText.view(new TextEncoder().encode(before)));
    const llm = await byteLogProbs(contexts, llmText, context, [greedyText, reading.text], signal);
    const ids = greedy.map(({ id }) => id);
    const recognizer = ctcLogProb(frameEntries(seen), ids);
    const changes = readingDifferences(
      { text: greedyText, logProb: { recognizer, llm: llm[0]! } },
      { text: reading.text, logProb: { recognizer: reading.ctcLogProb, llm: llm[1]! } },
    );
    return { ...reading, changes };
  }

  #spell(ids: readonly number[]): string {
    return ids.map((id) => this.#parts.text.textOf(id)).join('');
  }
}

function nearBest(_frame: number, _id: number, logProb: number, best: { readonly logProb: number }): boolean {
  return logProb >= best.logProb - ENTRY_NATS_MAX;
}

/** How far the characters of a line lie below certainty, on average. */
function meanNats(chars: readonly PathChar[]): number {
  return chars.reduce((sum, { logProb }) => sum - logProb, 0) / Math.max(1, chars.length);
}

/** The last characters of the lines before one, ending in a line break; empty where there are none. */
function linesBefore(lines: readonly Line[], index: number, charsMax: number): string {
  let before = '';
  for (let i = index - 1; i >= 0 && before.length < charsMax; i--) {
    const line = lines[i]!.greedyText.trim();
    if (line !== '') before = `${line}\n${before}`;
  }
  return before.length <= charsMax ? before : before.slice(before.length - charsMax).replace(/^[\udc00-\udfff]/, '');
}

/** What a search without the language model found. */
function alone(found: readonly { readonly ids: readonly number[]; readonly logProb: number }[]): LineOutcome {
  const readings = found.map(({ ids, logProb }) => ({
    ids,
    ctcLogProb: logProb,
    llmLogProb: undefined,
    score: logProb,
  }));
  return { readings, rows: 0, rowsEager: 0, rowsFloor: 0, contextTokens: 0, exhausted: false };
}

function statsOf(
  lines: readonly Line[],
  outcomes: readonly LineOutcome[],
  llmCalls: number,
  llmMs: number,
): SearchStats {
  const sum = (of: (outcome: LineOutcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  return {
    steps: lines.reduce((frames, { lattice }) => frames + lattice.frames, 0),
    llmRows: sum(({ rows }) => rows),
    llmRowsEager: sum(({ rowsEager }) => rowsEager),
    llmRowsFloor: sum(({ rowsFloor }) => rowsFloor),
    llmCalls,
    llmMs,
  };
}

function checkPage({ index, lines }: PageUnit): void {
  if (lines.length > PAGE_LINES_MAX) {
    const text = `Page ${index + 1} has ${lines.length} lines; at most ${PAGE_LINES_MAX} are read`;
    throw new AppError('invalid_option', text);
  }
  for (const { lattice } of lines) {
    if (lattice.frames <= LINE_FRAMES_MAX) continue;
    const text = `A line of page ${index + 1} has ${lattice.frames} frames; at most ${LINE_FRAMES_MAX} are read`;
    throw new AppError('invalid_option', text);
  }
}

function unmatched(name: string, text: string): Warning {
  const message = `No string that the field "${name}" allows can be read where the recognizer reads "${text}"; it is left empty.`;
  return { code: 'field_unmatched', message };
}

function tooDoubtful(lines: number): Warning {
  const message =
    `So much is in doubt on ${lines} lines that the language model had no part in them, or in their ends; ` +
    'there the text is as the recognizer alone reads it. A sharper or larger image would help.';
  return { code: 'lines_too_doubtful', message };
}
