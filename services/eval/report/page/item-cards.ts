/** One card for each item that is shown: the recording or picture, the reference, and what each system made of it. */
import { type EditCounts, errorsOf } from '../../error-rate.ts';
import type { ItemResult } from '../../results.ts';
import { rankOf } from '../item-measure.ts';
import type { Reason, ShownItem } from '../item-selection.ts';
import { CHANGES_MAX, RAW_CHARS_MAX } from '../limits.ts';
import type { EmbeddedMedia } from '../media-embed.ts';
import { formatShare } from '../metric-format.ts';
import { type Html, html, textAttributes, visible } from './html.ts';
import { type DiffPart, textDiff } from './text-diff.ts';

export interface CardInput {
  readonly item: ShownItem;
  /** Undefined where the item names no file. */
  readonly media: EmbeddedMedia | undefined;
}

const MINUS = '\u2212';

export function itemCards(cards: readonly CardInput[], systems: readonly string[]): Html {
  return html`<div id="cards">${cards.map((card) => itemCard(card, systems))}</div>`;
}

function itemCard({ item, media }: CardInput, systems: readonly string[]): Html {
  const first = item.judged.find((judged) => judged !== undefined)!;
  const ranks = item.judged.flatMap((judged) => (judged ? [rankOf(judged)] : []));
  const errors = Math.max(...ranks.map((rank) => rank.errors));
  const rate = Math.max(...ranks.map((rank) => rank.errors / Math.max(1, rank.units)));
  const reasons = item.reasons.map(({ system, kind }) => `${system}:${kind}`).join(' ');
  const facts = [
    first.language === 'und' ? '' : first.language,
    first.set,
    first.group === first.id ? '' : first.group,
    first.durationS === undefined ? '' : `${first.durationS.toFixed(1)} s`,
  ].filter((fact) => fact !== '');
  return html`<article class="card" data-item="${first.id}" data-language="=${first.language}" data-set="=${first.set}" data-reasons="${reasons}" data-errors="${errors}" data-rate="${rate}">
<header><h3>${visible(first.id)}</h3><span class="faint">${visible(facts.join(' · '))}</span></header>
<ul class="reasons">${reasonTexts(item.reasons, systems).map((text) => html`<li>${text}</li>`)}</ul>
${mediaBlock(media, item)}
<dl class="readings">
${first.source !== undefined && html`<dt><b>source</b></dt><dd><div class="text" ${textAttributes(first.language)}>${visible(cut(first.source))}</div></dd>`}
<dt><b>reference</b></dt><dd><div class="text" ${textAttributes(first.language)}>${visible(cut(first.reference))}</div></dd>
${item.judged.map((judged, system) => judged && readingRow(item, system, systems))}
</dl>
${asWritten(item, systems)}
</article>`;
}

/** One line for each kind of reason, with the systems that it holds for. */
function reasonTexts(reasons: readonly Reason[], systems: readonly string[]): Html[] {
  const first = systems[0]!;
  const titles: readonly (readonly [Reason['kind'], string])[] = [
    ['errors', 'among the most errors'],
    ['rate', 'among the highest rates'],
    ['better', `better than ${first}`],
    ['worse', `worse than ${first}`],
  ];
  return titles.flatMap(([kind, title]) => {
    const names = reasons
      .filter((reason) => reason.kind === kind)
      .sort((a, b) => a.system - b.system)
      .map(({ system, change }) => `${systems[system]!}${change === 0 ? '' : ` (${signed(change)})`}`);
    return names.length === 0 ? [] : [html`${visible(title)}: ${visible(names.join(', '))}`];
  });
}

function signed(change: number): string {
  return `${change < 0 ? MINUS : '+'}${Math.abs(change)}`;
}

function mediaBlock(media: EmbeddedMedia | undefined, { id, judged }: ShownItem): Html | undefined {
  if (media === undefined) return undefined;
  switch (media.kind) {
    case 'audio':
      return html`<audio controls preload="none" src="${media.src}" aria-label="Recording of ${id}"></audio>`;
    case 'image':
      return html`<div class="crop"><label><input type="checkbox"> whole width</label><img src="${media.src}" width="${media.width}" height="${media.height}" alt="Picture of ${id}"></div>`;
    case 'none':
      return html`<p class="note">Not embedded: <code>${visible(mediaPathOf(judged) ?? '')}</code>, ${visible(media.why)}.</p>`;
  }
}

/** The file of an item: that of the first system that names one. */
export function mediaPathOf(judged: ShownItem['judged']): string | undefined {
  return judged.find((item) => item?.mediaPath !== undefined)?.mediaPath;
}

function readingRow({ judged }: ShownItem, system: number, systems: readonly string[]): Html {
  const item = judged[system]!;
  const { errors, units, metric } = rankOf(item);
  const share = units > 0 ? ` (${formatShare(errors / units)})` : '';
  const first = system === 0 ? undefined : judged[0];
  const change = first ? errors - rankOf(first).errors : 0;
  const score = `${errors} of ${units}${share}${change === 0 ? '' : ` · ${signed(change)}`}`;
  const twin = judged.findIndex((other) => other?.hypothesis === item.hypothesis && other.reference === item.reference);
  const reading =
    twin < system
      ? html`<div class="faint">the same as ${visible(systems[twin]!)}</div>`
      : diffText(item.reference, item.hypothesis, item.language);
  return html`<dt><b>${visible(systems[system]!)}</b>${metric !== '' && html`<span title="${breakdown(item)}">${score}</span>`}</dt>
<dd>${item.error && html`<p class="failed">Failed: ${visible(item.error.message)} [${visible(item.error.code)}]</p>`}${reading}${changeList(item)}</dd>
`;
}

function breakdown({ rates, edits, entities }: ItemResult): string {
  const ofCounts = (counts: EditCounts) =>
    `${errorsOf(counts)} of ${counts.refUnits} (${counts.substitutions} substituted, ${counts.deletions} deleted, ${counts.insertions} inserted)`;
  const parts = Object.entries(rates).map(([metric, counts]) => `${metric} ${ofCounts(counts)}`);
  const hits = edits?.['all'] ?? entities;
  if (hits) parts.push(`${hits.tp} right, ${hits.fp} wrong, ${hits.fn} missed`);
  return parts.join('; ');
}

/** Reference against hypothesis; deleted text is struck through, inserted text underlined. */
export function diffText(reference: string, hypothesis: string, language: string): Html {
  if (hypothesis === '' && reference !== '') {
    return html`<div class="text" ${textAttributes(language)}><del>${visible(cut(reference))}</del></div>`;
  }
  const { parts, leftOut } = textDiff(reference, hypothesis);
  if (leftOut === 0 && !parts.some(({ kind }) => kind === 'changed')) {
    return html`<div class="faint">${reference === '' ? 'empty, as the reference' : 'as the reference'}</div>`;
  }
  return html`<div class="text" ${textAttributes(language)}>${parts.map(diffPart)}</div>${
    leftOut > 0 &&
    html`<p class="note">Too long to be aligned as a whole: ${leftOut} more words or characters follow.</p>`
  }`;
}

function diffPart(part: DiffPart): Html {
  switch (part.kind) {
    case 'same':
      return visible(part.text);
    case 'folded':
      return html`<span class="fold"> ⋯ ${part.units} unchanged ⋯ </span>`;
    case 'changed': {
      const removed = part.removed === '' ? undefined : html`<del>${visible(part.removed)}</del>`;
      const added = part.added === '' ? undefined : html`<ins>${visible(part.added)}</ins>`;
      return removed && added ? html`<span class="swap">${removed}${added}</span>` : (removed ?? added ?? visible(''));
    }
  }
}

function changeList({ changes, language }: ItemResult): Html | undefined {
  if (!changes || changes.length === 0) return undefined;
  const rows = changes
    .slice(0, CHANGES_MAX)
    .map(
      ({ from, to }) =>
        html`<li><span class="text" ${textAttributes(language)}>${visible(from === '' ? '∅' : cut(from))}</span><span class="arrow" aria-label="became">→</span><span class="text" ${textAttributes(language)}>${visible(to === '' ? '∅' : cut(to))}</span></li>`,
    );
  const more = changes.length - rows.length;
  return html`<details class="more"><summary>${changes.length} ${changes.length === 1 ? 'change' : 'changes'} by the language model</summary><ul class="changes">${rows}${more > 0 && html`<li class="faint">and ${more} more</li>`}</ul></details>`;
}

function asWritten({ judged }: ShownItem, systems: readonly string[]): Html | undefined {
  const rows = judged.flatMap((item, system) => {
    if (!item || item.rawHypothesis === '' || item.rawHypothesis === item.hypothesis) return [];
    const text = html`<div class="text" ${textAttributes(item.language)}>${visible(cut(item.rawHypothesis))}</div>`;
    return [html`<dt><b>${visible(systems[system]!)}</b></dt><dd>${text}</dd>`];
  });
  if (rows.length === 0) return undefined;
  return html`<details class="more"><summary>As written, before normalization</summary><dl class="readings">${rows}</dl></details>`;
}

function cut(text: string): string {
  return text.length <= RAW_CHARS_MAX ? text : `${text.slice(0, RAW_CHARS_MAX)} … (${text.length} characters)`;
}
