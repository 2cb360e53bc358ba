/**
 * The field in which a person corrects an utterance. Ctrl+Enter and leaving it keep what was typed, Escape does not. The
 * service may revise its own text meanwhile: that changes what the difference is shown against, never what was typed.
 */
import { diffNodes } from '../diff-nodes.ts';
import { element } from '../element.ts';
import { label, tell } from '../messages.ts';

export interface EditorParts {
  /** What to begin with. */
  readonly text: string;
  readonly serviceText: string;
  /** Of the text; '' while unknown. */
  readonly language: string;
  /** When the utterance began, as it is shown. */
  readonly time: string;
  /** Once, with what was typed; null where nothing was changed. `byKey`: focus was in here to the end. */
  onEnd(text: string | null, byKey: boolean): void;
}

export class UtteranceEditor {
  readonly root: HTMLElement;
  readonly #field: HTMLTextAreaElement;
  readonly #diff = element('p', { class: 'diff', hidden: true });
  readonly #parts: EditorParts;
  #serviceText: string;
  #isMouseDown = false;
  /** Ends when the editor does. */
  readonly #life = new AbortController();

  constructor(parts: EditorParts) {
    const { text, serviceText, language, time } = parts;
    this.#parts = parts;
    this.#serviceText = serviceText;
    this.#field = element('textarea', { rows: 2, spellcheck: true, lang: language || undefined });
    this.#field.value = text;
    label(this.#field, 'correctionOf', { time });
    if (language !== '') this.#diff.lang = language;
    const keep = tell(element('button', { type: 'button', class: 'quiet' }), 'correctionKeep');
    const cancel = tell(element('button', { type: 'button', class: 'quiet' }), 'cancel');
    keep.addEventListener('click', () => this.#keep(true));
    cancel.addEventListener('click', () => this.#end(null, true));
    const buttons = element('div', { class: 'actions' }, keep, cancel);
    const hint = tell(element('p', { class: 'hint' }), 'correctionHint');
    this.root = element('div', { class: 'editor' }, this.#field, this.#diff, element('div', {}, buttons, hint));
    this.#listen(buttons);
    this.#showDiff();
  }

  focus(): void {
    this.#field.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  /** The service has another text of this utterance. */
  revise(serviceText: string): void {
    this.#serviceText = serviceText;
    this.#showDiff();
  }

  #listen(buttons: HTMLElement): void {
    const { signal } = this.#life;
    this.#field.addEventListener('input', () => this.#showDiff());
    this.root.addEventListener('keydown', (event) => {
      // Input methods use both keys to choose characters.
      if (event.isComposing) return;
      if (event.key === 'Escape') this.#end(null, true);
      else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#keep(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    // A press on a button of ours is no leaving.
    buttons.addEventListener('mousedown', (event) => event.preventDefault());
    addEventListener('mousedown', () => this.#press(), { capture: true, signal });
    addEventListener('mouseup', () => this.#release(), { capture: true, signal });
    this.root.addEventListener('focusout', ({ relatedTarget }) => {
      const staysHere = relatedTarget instanceof Node && this.root.contains(relatedTarget);
      // Another window is no leaving either: one looks a spelling up.
      if (staysHere || !document.hasFocus()) return;
      if (!this.#isMouseDown) this.#keep(false);
      // What was pressed would move from under the pointer: first it gets its click, with the text kept just before.
      else addEventListener('click', () => this.#keep(false), { capture: true, once: true, signal });
    });
  }

  #press(): void {
    this.#isMouseDown = true;
  }

  #release(): void {
    this.#isMouseDown = false;
    // A drag that began elsewhere ends without a click.
    setTimeout(() => {
      if (!this.root.contains(document.activeElement) && document.hasFocus()) this.#keep(false);
    });
  }

  #keep(byKey: boolean): void {
    const typed = this.#field.value;
    this.#end(typed.trim() === this.#parts.text.trim() ? null : typed, byKey);
  }

  #end(text: string | null, byKey: boolean): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.#parts.onEnd(text, byKey);
  }

  #showDiff(): void {
    const { nodes, places } = diffNodes(this.#serviceText, this.#field.value);
    this.#diff.replaceChildren(...nodes);
    this.#diff.hidden = places === 0;
  }
}
