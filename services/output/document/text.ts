import type { DocumentPage } from '../../../models/core/document.ts';
import type { DocumentWriter } from './document-writer.ts';
import { rowsOf, textOf } from './text-rows.ts';

/** Plain text: a line per row, tabs between cells, an empty line between blocks, a form feed between pages. */
export function textWriter(): DocumentWriter {
  let pages = 0;
  return {
    begin: () => '',
    page: (page) => (pages++ > 0 ? '\f' : '') + pageText(page),
    end: () => '',
  };
}

export function pageText(page: DocumentPage): string {
  return page.blocks
    .map((block) =>
      rowsOf(block)
        .map((cells) => `${cells.map(textOf).join('\t')}\n`)
        .join(''),
    )
    .join('\n');
}
