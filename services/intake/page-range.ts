import { AppError } from '../../models/core/app-error.ts';

/** First and last page, as people count them, from 1; both are in it. */
export type PageRange = readonly [number, number];

/**
 * The pages of the ranges that the document has, ascending, each once; all of them where there are no ranges. Throws
 * AppError invalid_option where a range is none or no page is left, document_too_many_pages above `pagesMax`.
 */
export function selectPages(
  ranges: readonly PageRange[],
  pageCount: number,
  pagesMax: number,
  name: string,
): readonly number[] {
  const chosen = new Set<number>();
  for (const [first, last] of ranges.length === 0 ? [[1, pageCount] as const] : ranges) {
    if (!Number.isSafeInteger(first) || first < 1 || !(last >= first)) {
      throw new AppError('invalid_option', `Pages ${first} to ${last} are no range; pages count from 1`);
    }
    for (let page = first; page <= Math.min(last, pageCount); page++) {
      chosen.add(page);
      if (chosen.size > pagesMax) {
        throw new AppError(
          'document_too_many_pages',
          `More than ${pagesMax} of the ${pageCount} pages of ${name} were asked for`,
        );
      }
    }
  }
  if (chosen.size === 0) {
    throw new AppError('invalid_option', `${name} has ${pageCount} pages, none of which was asked for`);
  }
  return [...chosen].sort((a, b) => a - b);
}
