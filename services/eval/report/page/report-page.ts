/** The report of one evaluation as a page. */
import type { EvalResults } from '../../results.ts';
import type { ItemBins } from '../item-bins.ts';
import { type Html, html, visible } from './html.ts';
import { htmlDocument } from './html-document.ts';
import { type CardInput, itemCards } from './item-cards.ts';
import { filterForm } from './item-filter.ts';
import { allMetricsTable, mainTable, systemsTable } from './metric-tables.ts';
import { plotsSection } from './plots-section.ts';
import { runFacts, TASK_NAMES } from './run-facts.ts';

export interface ReportInput {
  readonly results: EvalResults;
  /** By number of the system. */
  readonly bins: readonly ItemBins[];
  readonly cards: readonly CardInput[];
  /** What a reader must know before trusting a figure. */
  readonly warnings: readonly string[];
}

export function reportPage({ results, bins, cards, warnings }: ReportInput): Html {
  const systems = results.systems.map(({ name }) => name);
  const task = TASK_NAMES[results.task];
  const body = html`<h1>${task}: evaluation</h1>
<p class="lead">${systems.length} ${systems.length === 1 ? 'system' : 'systems'}, ${results.data.items.toLocaleString('en-US')} items</p>
<nav aria-label="Sections"><ul><li><a href="#figures">Figures</a></li><li><a href="#plots">Plots</a></li><li><a href="#items">Items</a></li></ul></nav>
${warnings.length > 0 && html`<ul class="warnings">${warnings.map((warning) => html`<li>${visible(warning)}</li>`)}</ul>`}
${runFacts(results)}
<h2 id="figures">Figures</h2>
${mainTable(results)}
<h2>Systems</h2>
${systemsTable(results)}
${allMetricsTable(results)}
<h2 id="plots">Plots</h2>
${plotsSection(results, bins)}
<h2 id="items">Worst and most changed items</h2>
${itemsSection(cards, systems)}`;
  return htmlDocument(`${task}: ${systems.join(', ')}`, [body], { script: true });
}

/** How to read a diff; the marks are those of the cards. */
export const DIFF_KEY: Html = html`<p class="key">In the readings, <del>struck through</del> is in the reference only, <ins>underlined</ins> in the reading only. Words are compared where the script has spaces, characters where it has none. <span class="code">U+200B</span> is a character that would not be seen.</p>`;

function itemsSection(cards: readonly CardInput[], systems: readonly string[]): Html {
  if (cards.length === 0) return html`<p>No item has an error.</p>`;
  const facts = cards.map(({ item }) => item.judged.find((judged) => judged !== undefined)!);
  return html`${DIFF_KEY}
${filterForm({
  languages: facts.map(({ language }) => language),
  sets: facts.map(({ set }) => set),
  systems,
  reasons: systems.length > 1 ? [...WORST, ...CHANGED] : WORST,
})}
${itemCards(cards, systems)}`;
}

const WORST = [
  ['errors', 'most errors'],
  ['rate', 'highest rate'],
] as const;
const CHANGED = [
  ['better', 'got better'],
  ['worse', 'got worse'],
] as const;
