/** One utterance on the page: its words as they settle, the readings of one that was chosen, and its correction. */
import { shortTime } from '../../../output/clock-time.ts';
import { certaintyStyle } from '../certainty.ts';
import { diffNodes } from '../diff-nodes.ts';
import { element } from '../element.ts';
import { label, tell } from '../messages.ts';
import { changeAt } from '../readings.ts';
import { changeTitle, markedWord, readingsPanel } from '../readings-panel.ts';
import { walkWords } from '../word-keys.ts';
import { UtteranceEditor } from './utterance-editor.ts';
import { currentText, type Utterance } from './utterance-list.ts';
import { wordSpans } from './word-spans.ts';

export class UtteranceView {
  readonly root: HTMLLIElement;
  readonly #time = element('time', { class: 'utterance-time' });
  readonly #text = element('p', { class: 'utterance-text' });
  readonly #edit = element('button', { type: 'button', class: 'quiet utterance-edit', hidden: true });
  readonly #correction = element('div', { class: 'correction', hidden: true });
  readonly #note = element('p', { class: 'utterance-note hint', hidden: true });
  readonly #onCorrect: (text: string | null) => void;
  #utterance: Utterance;
  #editor: UtteranceEditor | null = null;
  #panel: HTMLElement | null = null;
  /** Offset of the word whose readings are open. */
  #opened: number | null = null;

  /** `onCorrect` gets what a person typed in place of the text, null where they take it back. */
  constructor(utterance: Utterance, onCorrect: (text: string | null) => void) {
    this.#utterance = utterance;
    this.#onCorrect = onCorrect;
    this.root = element(
      'li',
      { class: 'utterance' },
      this.#time,
      this.#text,
      tell(this.#edit, 'correct'),
      this.#correction,
      this.#note,
    );
    walkWords(this.#text, { words: '.word', onOpen: (word) => this.#toggle(Number(word.dataset['offset'])) });
    this.#text.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#close();
    });
    this.root.addEventListener('keydown', (event) => {
      if (event.key !== 'F2' || this.#edit.hidden) return;
      event.preventDefault();
      this.#beginEdit();
    });
    this.#edit.addEventListener('click', () => this.#beginEdit());
    this.show(utterance);
  }

  /** A person is typing: nothing may take this from under their hands. */
  get isEdited(): boolean {
    return this.#editor !== null;
  }

  show(utterance: Utterance): void {
    this.#utterance = utterance;
    const { startS, text, stage, isClosed, isFinal, committed, language, isDegraded, correction } = utterance;
    const time = shortTime(startS);
    this.#time.textContent = time;
    label(this.root, 'utteranceAt', { time });
    label(this.#edit, 'correctAt', { time });
    const shownStage = correction === null ? stage : 'corrected';
    this.#text.className = `utterance-text stage-${shownStage}`;
    this.#text.dataset['stage'] = shownStage;
    this.#text.dataset['settled'] = String(isClosed || committed >= text.length);
    if (language === '') this.#text.removeAttribute('lang');
    else this.#text.lang = language;
    this.#write();
    this.#showCorrection();
    this.#edit.hidden = !isFinal || this.isEdited;
    this.#editor?.revise(text);
    this.#note.hidden = !isDegraded;
    if (isDegraded) tell(this.#note, 'degradedNote');
    if (this.#opened !== null) this.#open(this.#opened, false);
  }

  #beginEdit(): void {
    if (this.#editor !== null) return;
    const { text, language, startS } = this.#utterance;
    this.#editor = new UtteranceEditor({
      text: currentText(this.#utterance),
      serviceText: text,
      language,
      time: shortTime(startS),
      onEnd: (typed, byKey) => this.#endEdit(typed, byKey),
    });
    this.#text.hidden = true;
    this.#edit.hidden = true;
    this.#correction.hidden = true;
    this.#text.after(this.#editor.root);
    this.#editor.focus();
  }

  #endEdit(typed: string | null, byKey: boolean): void {
    this.#editor?.root.remove();
    this.#editor = null;
    this.#text.hidden = false;
    if (typed !== null) this.#onCorrect(typed);
    this.show(this.#utterance);
    if (byKey) this.#edit.focus();
  }

  /** What a person changed, against the service's newest. */
  #showCorrection(): void {
    const { text, correction, language } = this.#utterance;
    this.#correction.hidden = correction === null || this.isEdited;
    if (correction === null) {
      this.#correction.replaceChildren();
      return;
    }
    const { nodes, places } = diffNodes(text, correction);
    const badge = tell(element('span', { class: 'badge' }), 'legendCorrected');
    const diff =
      places === 0
        ? tell(element('p', { class: 'hint' }), 'correctionSpaces')
        : element('p', { class: 'diff', lang: language || undefined }, ...nodes);
    const undo = tell(element('button', { type: 'button', class: 'quiet' }), 'correctionUndo');
    label(undo, 'correctionUndoAt', { time: shortTime(this.#utterance.startS) });
    undo.addEventListener('click', () => {
      this.#onCorrect(null);
      this.#edit.focus();
    });
    this.#correction.replaceChildren(badge, diff, undo);
  }

  #write(): void {
    const focused = this.#text.contains(document.activeElement) ? document.activeElement : null;
    const offset = focused instanceof HTMLElement ? focused.dataset['offset'] : undefined;
    const { words, language, committed, isClosed, correction } = this.#utterance;
    const changes = this.#shownChanges;
    let isFirst = true;
    const nodes = wordSpans(currentText(this.#utterance), words, language).map((span): Node | string => {
      const isPending = !isClosed && correction === null && span.offset + span.text.length > committed;
      if (!span.isWord) return isPending ? element('span', { class: 'is-pending' }, span.text) : span.text;
      const change = changeAt(changes, span.offset, span.text.length);
      // Who corrects a text vouches for all of it.
      const certainty = isPending || correction !== null ? '' : certaintyStyle(span.probability);
      const node = element(
        'span',
        {
          class: classes({
            word: true,
            'is-pending': isPending,
            'has-change': change !== undefined,
            [certainty]: certainty !== '',
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

  /** Changes of the fusion stand at places of the service's text, not of a correction. */
  get #shownChanges(): Utterance['changes'] {
    return this.#utterance.correction === null ? this.#utterance.changes : [];
  }

  #word(offset: number): HTMLElement | null {
    return this.#text.querySelector<HTMLElement>(`.word[data-offset="${offset}"]`);
  }

  #toggle(offset: number): void {
    if (this.#opened === offset) this.#close();
    else this.#open(offset, true);
  }

  #open(offset: number, withFocus: boolean): void {
    const { text, words, language, changes, alternatives, alternativesOf, isClosed, isDegraded } = this.#utterance;
    const span = wordSpans(currentText(this.#utterance), words, language).find(
      (one) => one.isWord && one.offset === offset,
    );
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
        text: alternativesOf ?? text,
        language,
        isFinal: isClosed,
        alternatives,
        changes,
        change: changeAt(this.#shownChanges, offset, span.text.length),
        note: isDegraded ? 'degradedNote' : alternativesOf === null ? null : 'windowNote',
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
