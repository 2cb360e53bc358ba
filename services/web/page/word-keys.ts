/**
 * Words that are reached with one Tab and walked with arrows: a text of a hundred words must not be a hundred stops. The
 * word that was visited last keeps the stop.
 */

export interface WordKeysOptions {
  /** Which elements are words, as a selector. */
  readonly words: string;
  onFocus?(word: HTMLElement): void;
  onOpen(word: HTMLElement): void;
}

/** Call once for the element that holds the words; words may come and go. */
export function walkWords(root: HTMLElement, { words, onFocus, onOpen }: WordKeysOptions): void {
  const wordAt = (target: EventTarget | null) =>
    target instanceof Element ? target.closest<HTMLElement>(words) : null;
  root.addEventListener('focusin', (event) => {
    const word = wordAt(event.target);
    if (word === null) return;
    for (const other of root.querySelectorAll<HTMLElement>(words)) other.tabIndex = other === word ? 0 : -1;
    onFocus?.(word);
  });
  root.addEventListener('click', (event) => {
    const word = wordAt(event.target);
    if (word !== null) onOpen(word);
  });
  root.addEventListener('keydown', (event) => {
    const word = wordAt(event.target);
    if (word === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onOpen(word);
      return;
    }
    const all = [...root.querySelectorAll<HTMLElement>(words)];
    const goal = all[destination(event.key, all.indexOf(word), all.length)];
    if (goal === undefined) return;
    event.preventDefault();
    goal.focus();
  });
}

/** Index of the word that a key leads to; -1 where it leads nowhere. */
export function destination(key: string, at: number, count: number): number {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}
