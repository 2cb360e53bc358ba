/** The tab that shows what differs between two texts. It corrects nothing. */
import { diffNodes } from '../diff-nodes.ts';
import { byId } from '../element.ts';
import { tell } from '../messages.ts';
import type { TextPair } from '../talk/talk-view.ts';

export interface TextSource {
  readonly texts: TextPair | null;
}

export class CompareView {
  readonly #before = byId('compare-before', HTMLTextAreaElement);
  readonly #after = byId('compare-after', HTMLTextAreaElement);
  readonly #diff = byId('compare-diff', HTMLElement);
  readonly #count = byId('compare-count', HTMLElement);
  readonly #sources: readonly { readonly button: HTMLButtonElement; readonly source: TextSource }[];
  #isDue = false;

  constructor(talk: TextSource, read: TextSource) {
    this.#sources = [
      { button: byId('compare-talk', HTMLButtonElement), source: talk },
      { button: byId('compare-document', HTMLButtonElement), source: read },
    ];
    for (const { button, source } of this.#sources) {
      button.addEventListener('click', () => {
        if (source.texts !== null) this.#put(source.texts);
      });
    }
    byId('compare-swap', HTMLButtonElement).addEventListener('click', () => {
      this.#put({ before: this.#after.value, after: this.#before.value });
    });
    for (const field of [this.#before, this.#after]) field.addEventListener('input', () => this.#later());
    this.#show();
  }

  /** Call when a source has other texts. */
  offer(): void {
    for (const { button, source } of this.#sources) button.disabled = source.texts === null;
  }

  #put({ before, after }: TextPair): void {
    this.#before.value = before;
    this.#after.value = after;
    this.#show();
  }

  /** Once per frame: two full pages take some 30 ms to align. */
  #later(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#show();
    });
  }

  #show(): void {
    const before = this.#before.value;
    const after = this.#after.value;
    this.#diff.replaceChildren();
    if (before.trim() === '' || after.trim() === '') {
      tell(this.#count, 'compareEmpty');
      return;
    }
    const { nodes, places, leftOut } = diffNodes(before, after);
    this.#diff.append(...nodes);
    if (leftOut > 0) tell(this.#count, 'compareLeftOut', { count: leftOut });
    else if (places === 0) tell(this.#count, 'compareSame');
    else tell(this.#count, places === 1 ? 'compareCountOne' : 'compareCount', { count: places });
  }
}
