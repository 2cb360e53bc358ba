/** One utterance on the page: its words as they settle, and the readings of one that was chosen. */
import { shortTime } from '../../../output/clock-time.ts';
import { element } from '../element.ts';
import { label, tell } from '../messages.ts';
import { changeAt } from '../readings.ts';
import { changeTitle, markedWord, readingsPanel } from '../readings-panel.ts';
import { walkWords } from '../word-keys.ts';
import type { Utterance } from './utterance-list.ts';
import { wordSpans } from './word-spans.ts';

/** Below this probability a word is marked as unsure: the recognizer would bet against it. */
const UNSURE_BELOW = 0.5;

export class UtteranceView {
  readonly root: HTMLLIElement;
  readonly #time = element('time', { class: 'utterance-time' });
  readonly #text = element('p', { class: 'utterance-text' });
  readonly #note = element('p', { class: 'utterance-note hint', hidden: true });
  #utterance: Utterance;
  #panel: HTMLElement | null = null;
  /** Offset of the word whose readings are open. */
  #opened: number | null = null;

  constructor(utterance: Utterance) {
    this.#utterance = utterance;
    this.root = element('li', { class: 'utterance' }, this.#time, this.#text, this.#note);
    walkWords(this.#text, { words: '.word', onOpen: (word) => this.#toggle(Number(word.dataset['offset'])) });
    this.#text.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#close();
    });
    this.show(utterance);
  }

  show(utterance: Utterance): void {
    this.#utterance = utterance;
    const { startS, text, stage, isClosed, committed, language, isDegraded } = utterance;
    const time = shortTime(startS);
    this.#time.textContent = time;
    label(this.root, 'utteranceAt', { time });
    this.#text.className = `utterance-text stage-${stage}`;
    this.#text.dataset['stage'] = stage;
    this.#text.dataset['settled'] = String(isClosed || committed >= text.length);
    if (language === '') this.#text.removeAttribute('lang');
    else this.#text.lang = language;
    this.#write();
    this.#note.hidden = !isDegraded;
    if (isDegraded) tell(this.#note, 'degradedNote');
    if (this.#opened !== null) this.#open(this.#opened, false);
  }

  #write(): void {
    const focused = this.#text.contains(document.activeElement) ? document.activeElement : null;
    const offset = focused instanceof HTMLElement ? focused.dataset['offset'] : undefined;
    const { text, words, language, committed, isClosed, changes } = this.#utterance;
    let isFirst = true;
    const nodes = wordSpans(text, words, language).map((span): Node | string => {
      const isPending = !isClosed && span.offset + span.text.length > committed;
      if (!span.isWord) return isPending ? element('span', { class: 'is-pending' }, span.text) : span.text;
      const change = changeAt(changes, span.offset, span.text.length);
      const node = element(
        'span',
        {
          class: classes({
            word: true,
            'is-pending': isPending,
            'is-unsure': !isPending && (span.probability ?? 1) < UNSURE_BELOW,
            'has-change': change !== undefined,
          }),
          role: 'button',
          tabindex: isFirst ? 0 : -1,
          'aria-expanded': String(span.offset === this.#opened),
          'data-offset': span.offset,
          title: change === undefined ? undefined : changeTitle(change),
        },
        ...markedWord(span.text, span.offset, changes, change),
      );
      isFirst = false;
      return node;
    });
    this.#text.replaceChildren(...nodes);
    if (offset !== undefined) this.#word(Number(offset))?.focus();
  }

  #word(offset: number): HTMLElement | null {
    return this.#text.querySelector<HTMLElement>(`.word[data-offset="${offset}"]`);
  }

  #toggle(offset: number): void {
    if (this.#opened === offset) this.#close();
    else this.#open(offset, true);
  }

  #open(offset: number, withFocus: boolean): void {
    const { text, words, language, changes, alternatives, isClosed, isDegraded, hasProvenance } = this.#utterance;
    const span = wordSpans(text, words, language).find((one) => one.isWord && one.offset === offset);
    // The text changed beneath: that word is gone.
    if (span === undefined) {
      this.#close();
      return;
    }
    const hadFocus = this.#panel?.contains(document.activeElement) ?? false;
    this.#panel?.remove();
    this.#opened = offset;
    for (const word of this.#text.querySelectorAll('.word')) word.setAttribute('aria-expanded', 'false');
    this.#word(offset)?.setAttribute('aria-expanded', 'true');
    this.#panel = readingsPanel(
      {
        word: span.text,
        probability: span.probability,
        text,
        language,
        isFinal: isClosed,
        areTold: hasProvenance,
        alternatives,
        changes,
        change: changeAt(changes, offset, span.text.length),
        note: isDegraded ? 'degradedNote' : null,
      },
      () => this.#close(),
    );
    this.root.append(this.#panel);
    if (withFocus || hadFocus) this.#panel.focus({ preventScroll: true });
  }

  #close(): void {
    const offset = this.#opened;
    if (offset === null) return;
    const hadFocus = this.#panel?.contains(document.activeElement) ?? false;
    this.#panel?.remove();
    this.#panel = null;
    this.#opened = null;
    const word = this.#word(offset);
    word?.setAttribute('aria-expanded', 'false');
    if (hadFocus) word?.focus();
  }
}

function classes(wanted: Readonly<Record<string, boolean>>): string {
  return Object.keys(wanted)
    .filter((name) => wanted[name])
    .join(' ');
}
