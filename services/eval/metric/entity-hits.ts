/**
 * Names in texts: which of the names that the reference holds are in the hypothesis, and which of a list of names are
 * there though the reference has none of them.
 *
 * A name occurs where its normalized form stands between boundaries: anywhere between two characters unless both belong
 * to one word of a spaced script (so inside Chinese any place will do, and `van` is not in `vanilya`). An apostrophe
 * before an ending is a boundary (Ankara'da holds Ankara), though normalizing joins the two. An ending without an
 * apostrophe counts where it is the ending that the name has in the reference.
 */

import { UNSPACED } from '../normalizer/scripts.ts';
import type { TextNormalizer } from '../normalizer/text-normalizer.ts';
import type { Hits } from '../results.ts';
import { multisetHits } from './hits.ts';

/** A private character that every normalizer passes on; it marks where an apostrophe stood. */
const MARK = '\ue000';
const APOSTROPHE = /(?<=[\p{L}\p{N}])['’‘ʼ`´](?=\p{L})/gu;
const SPACED_WORD = new RegExp(`(?!${UNSPACED})[\\p{L}\\p{N}\\p{M}]`, 'u');
const REST_OF_WORD = new RegExp(`(?:(?!${UNSPACED})[\\p{L}\\p{N}\\p{M}])+`, 'uy');

/** A normalized text and where names may begin and end in it. */
class MarkedText {
  readonly text: string;
  readonly #marks: ReadonlySet<number>;

  /** Turkish words keep their endings behind the apostrophe; elsewhere the language's own rules for it stand. */
  constructor(text: string, language: string, normalize: TextNormalizer) {
    const normal = normalize(isTurkish(language) ? text.replaceAll(MARK, ' ').replace(APOSTROPHE, MARK) : text);
    const parts = normal.split(MARK);
    const marks = new Set<number>();
    let at = 0;
    for (const part of parts.slice(0, -1)) {
      at += part.length;
      marks.add(at);
    }
    this.text = parts.join('');
    this.#marks = marks;
  }

  isBoundary(at: number): boolean {
    if (at <= 0 || at >= this.text.length || this.#marks.has(at)) return true;
    const after = this.text.codePointAt(at)!;
    const low = this.text.charCodeAt(at - 1);
    const before = low >= 0xdc00 && low < 0xe000 ? this.text.codePointAt(at - 2)! : low;
    return !(SPACED_WORD.test(String.fromCodePoint(before)) && SPACED_WORD.test(String.fromCodePoint(after)));
  }

  /** Occurrences of `name` that do not overlap, or of one of `forms` where the name itself does not stand free. */
  count(name: string, forms: readonly string[] = []): number {
    let count = 0;
    for (let at = this.text.indexOf(name); at >= 0; ) {
      const found = [name, ...forms].find(
        (form) => this.text.startsWith(form, at) && this.isBoundary(at + form.length),
      );
      const counts = found !== undefined && this.isBoundary(at);
      if (counts) count++;
      at = this.text.indexOf(name, at + (counts ? found.length : 1));
    }
    return count;
  }

  /** Words that begin with `name` and go on: behind an apostrophe, or, where the name never stands free, without one. */
  inflected(name: string): string[] {
    const marked = new Set<string>();
    const joined = new Set<string>();
    for (let at = this.text.indexOf(name); at >= 0; at = this.text.indexOf(name, at + 1)) {
      const end = at + name.length;
      REST_OF_WORD.lastIndex = end;
      const rest = REST_OF_WORD.exec(this.text)?.[0];
      if (rest === undefined || !this.isBoundary(at)) continue;
      if (this.#marks.has(end)) marked.add(name + rest);
      else if (!this.isBoundary(end)) joined.add(name + rest);
    }
    return [...(marked.size > 0 || this.count(name) > 0 ? marked : joined)];
  }
}

/** Names to look for in every hypothesis (a domain list), ready for one language. Hundreds of thousands will do. */
export class EntityList {
  readonly #language: string;
  readonly #normalize: TextNormalizer;
  readonly #names = new Set<string>();
  /** Lengths of the names that begin with a code unit, longest first. */
  readonly #lengths = new Map<string, number[]>();

  constructor(language: string, names: Iterable<string>, normalize: TextNormalizer) {
    this.#language = language;
    this.#normalize = normalize;
    const lengths = new Map<string, Set<number>>();
    for (const name of names) {
      const normal = normalize(name);
      if (normal === '') continue;
      this.#names.add(normal);
      const held = lengths.get(normal[0]!) ?? new Set();
      lengths.set(normal[0]!, held.add(normal.length));
    }
    for (const [first, held] of lengths)
      this.#lengths.set(
        first,
        [...held].sort((a, b) => b - a),
      );
  }

  /** Names in `text`, left to right, the longest at each place, none inside another; normalized. */
  namesIn(text: string): string[] {
    const marked = new MarkedText(text, this.#language, this.#normalize);
    const found: string[] = [];
    for (let at = 0; at < marked.text.length; ) {
      const name = marked.isBoundary(at) ? this.#nameAt(marked, at) : undefined;
      if (name !== undefined) found.push(name);
      at += name?.length ?? 1;
    }
    return found;
  }

  #nameAt(marked: MarkedText, at: number): string | undefined {
    for (const length of this.#lengths.get(marked.text[at]!) ?? []) {
      const name = marked.text.slice(at, at + length);
      if (name.length === length && this.#names.has(name) && marked.isBoundary(at + length)) return name;
    }
    return undefined;
  }
}

export interface EntityTexts {
  readonly language: string;
  /** As they are, not normalized: apostrophes matter. */
  readonly ref: string;
  readonly hyp: string;
  readonly normalize: TextNormalizer;
}

/**
 * `entities`: names that the reference holds, one entry per occurrence. A name must come as often as it is listed or as
 * the reference has it, whichever is more; names inside names count for themselves. `fp` counts names of `list` that
 * the hypothesis has more often than the reference; 0 without a list.
 */
export function entityHits(entities: readonly string[], texts: EntityTexts, list?: EntityList): Hits {
  const { language, normalize } = texts;
  const ref = new MarkedText(texts.ref, language, normalize);
  const hyp = new MarkedText(texts.hyp, language, normalize);
  const listed = new Map<string, number>();
  for (const entity of entities) {
    const name = normalize(entity);
    if (name !== '') listed.set(name, (listed.get(name) ?? 0) + 1);
  }
  let [tp, fn] = [0, 0];
  for (const [name, times] of listed) {
    const forms = ref.inflected(name);
    const wanted = Math.max(times, ref.count(name, forms));
    const found = Math.min(wanted, hyp.count(name, forms));
    tp += found;
    fn += wanted - found;
  }
  const fp = list ? multisetHits(list.namesIn(texts.ref), list.namesIn(texts.hyp)).fp : 0;
  return { tp, fp, fn };
}

/** Entities that a system names itself (ner) against those of the reference: equal when normalized. */
export function namedEntityHits(wanted: readonly string[], found: readonly string[], normalize: TextNormalizer): Hits {
  const normal = (names: readonly string[]) => names.map(normalize).filter((name) => name !== '');
  return multisetHits(normal(wanted), normal(found));
}

function isTurkish(language: string): boolean {
  return language.toLowerCase().split('-')[0] === 'tr';
}
