/** The text of a page in reading order: blocks, lines and words, each word with its place in the picture. */
import type { DocumentBlock, DocumentChange, DocumentLine, DocumentPage } from '../../../../models/core/document.ts';
import { rowsOf } from '../../../output/document/text-rows.ts';
import { certaintyStyle } from '../certainty.ts';
import { element } from '../element.ts';
import { tell } from '../messages.ts';
import { changeAt } from '../readings.ts';
import { changeTitle, markedWord } from '../readings-panel.ts';
import type { PlacedWord } from './page-picture.ts';

/** A word of the text with all that its readings panel shows. */
export interface TextWord extends PlacedWord {
  readonly line: DocumentLine;
  /** UTF-16 units from the start of the line. */
  readonly offset: number;
  readonly change: DocumentChange | undefined;
}

/** Words of a page by id, in reading order. */
export function wordsOf(page: DocumentPage): Map<string, TextWord> {
  const words = new Map<string, TextWord>();
  const lines = page.blocks.flatMap((block) => block.lines);
  for (const [l, line] of lines.entries()) {
    let offset = 0;
    for (const [w, word] of line.words.entries()) {
      const change = changeAt(line.changes, offset, word.text.length);
      const id = `${l}.${w}`;
      words.set(id, {
        id,
        word,
        line,
        offset,
        change,
        isVertical: line.direction === 'vertical',
        isChanged: change !== undefined,
      });
      offset += word.text.length + (word.spaceAfter ? 1 : 0);
    }
  }
  return words;
}

/** The blocks as elements. Words carry `data-word`, lines `data-line`. */
export function pageText(page: DocumentPage, words: ReadonlyMap<string, TextWord>): HTMLElement[] {
  if (words.size === 0) return [tell(element('p', { class: 'empty' }), 'pageEmpty')];
  const numbers = new Map(page.blocks.flatMap((block) => block.lines).map((line, l) => [line, l]));
  let isFirst = true;
  const lineOf = (line: DocumentLine): HTMLElement => {
    const l = numbers.get(line)!;
    const holder = element('div', {
      class: line.direction === 'vertical' ? 'line is-vertical' : 'line',
      'data-line': l,
    });
    for (const [w, word] of line.words.entries()) {
      const { change, offset } = words.get(`${l}.${w}`)!;
      holder.append(
        element(
          'span',
          {
            class: ['word', certaintyStyle(word.confidence), change === undefined ? '' : 'has-change'].join(' '),
            role: 'button',
            tabindex: isFirst ? 0 : -1,
            'aria-expanded': 'false',
            'data-word': `${l}.${w}`,
            title: change === undefined ? undefined : changeTitle(change),
          },
          ...markedWord(word.text, offset, line.changes, change),
        ),
        word.spaceAfter ? ' ' : '',
      );
      isFirst = false;
    }
    return holder;
  };
  return page.blocks.map((block) => blockOf(block, lineOf));
}

function blockOf(block: DocumentBlock, lineOf: (line: DocumentLine) => HTMLElement): HTMLElement {
  if (block.cells === undefined) return element('div', { class: 'block' }, ...block.lines.map(lineOf));
  const rows = rowsOf(block).map((cells) =>
    element('tr', {}, ...cells.map((lines) => element('td', {}, ...lines.map(lineOf)))),
  );
  return element(
    'div',
    { class: 'block table-wrap' },
    element('table', { class: 'cells' }, element('tbody', {}, ...rows)),
  );
}
