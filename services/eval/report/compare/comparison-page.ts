/** A comparison as a page: metrics with paired intervals, and both readings of the items that changed most. */
import { writeHtmlFile } from '../html-file.ts';
import { rankOf } from '../item-measure.ts';
import { formatDifference, formatInterval, formatMetric, formatShare, verdict } from '../metric-format.ts';
import { type Html, html, textAttributes, visible } from '../page/html.ts';
import { htmlDocument } from '../page/html-document.ts';
import { diffText } from '../page/item-cards.ts';
import { filterForm } from '../page/item-filter.ts';
import { DIFF_KEY } from '../page/report-page.ts';
import { runFacts, TASK_NAMES } from '../page/run-facts.ts';
import type { ComparedItem, ComparedMetric, ComparisonReport } from './compare-results.ts';
import { pairName } from './comparison-text.ts';

const VERDICTS = { better: 'better', worse: 'worse', unclear: 'not clear' } as const;

/** @throws AppError disk_full, output_unwritable */
export async function writeComparison(report: ComparisonReport, path: string): Promise<string> {
  await writeHtmlFile(path, comparisonPage(report));
  return path;
}

export function comparisonPage(report: ComparisonReport): Html {
  const task = TASK_NAMES[report.a.task];
  const pairs = report.counts.map(pairName);
  const items = [...report.worse, ...report.better];
  const body = html`<h1>${task}: comparison</h1>
<p class="lead">From A, <code>${visible(report.folderA)}</code>, to B, <code>${visible(report.folderB)}</code></p>
<nav aria-label="Sections"><ul><li><a href="#figures">Figures</a></li><li><a href="#items">Items</a></li><li><a href="#runs">Runs</a></li></ul></nav>
${report.warnings.length > 0 && html`<ul class="warnings">${report.warnings.map((warning) => html`<li>${visible(warning)}</li>`)}</ul>`}
<h2 id="figures">What got better or worse</h2>
${metricTable(report.metrics)}
<h2>Items</h2>
${countTable(report)}
${onlyList('Systems only in A', report.systemsOnlyA)}
${onlyList('Systems only in B', report.systemsOnlyB)}
${onlyList('Items only in A, the first', report.namedOnlyA)}
${onlyList('Items only in B, the first', report.namedOnlyB)}
<h2 id="items">Most changed items</h2>
${
  items.length === 0
    ? html`<p>No item has more or fewer errors than before.</p>`
    : html`${DIFF_KEY}
${filterForm({
  languages: items.map(({ itemA }) => itemA.language),
  sets: items.map(({ itemA }) => itemA.set),
  systems: pairs,
  reasons: [
    ['better', 'got better'],
    ['worse', 'got worse'],
  ],
})}
<div id="cards">${items.map((item) => comparedCard(item, pairs))}</div>`
}
<h2 id="runs">The two runs</h2>
<h3>A</h3>
${runFacts(report.a)}
<h3>B</h3>
${runFacts(report.b)}`;
  return htmlDocument(`${task}: comparison`, [body], { script: true });
}

function metricTable(metrics: readonly ComparedMetric[]): Html {
  if (metrics.length === 0) return html`<p>There is no metric that both sides have.</p>`;
  const rows = metrics.map(({ metric, items, groups, estimate, ...pair }) => {
    const says = verdict(metric, estimate.differenceInterval);
    const { low, high } = estimate.differenceInterval;
    return html`<tr><th scope="row" class="name">${visible(pairName(pair))}</th><td>${visible(metric)}</td><td class="num">${formatMetric(metric, estimate.rateA)}</td><td class="num">${formatMetric(metric, estimate.rateB)}</td><td class="num">${formatDifference(metric, estimate.difference)}</td><td class="num interval">${formatInterval(metric, low, high)}</td><td class="num">${formatShare(estimate.relative)}</td><td class="verdict-${says}">${VERDICTS[says]}</td><td class="num">${items.toLocaleString('en-US')}</td><td class="num">${groups.toLocaleString('en-US')}</td></tr>`;
  });
  return html`<p class="note">Over the items that both sides have, with 95% intervals of the difference by paired bootstrap over groups (speakers, recordings, documents). Shares differ by percentage points; “not clear”: the interval holds 0.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Compared metrics"><table>
<thead><tr><th scope="col">System</th><th scope="col">Metric</th><th scope="col" class="num">A</th><th scope="col" class="num">B</th><th scope="col" class="num">B − A</th><th scope="col" class="num">95% interval</th><th scope="col" class="num">Relative</th><th scope="col">B is</th><th scope="col" class="num">Items</th><th scope="col" class="num">Groups</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function countTable(report: ComparisonReport): Html {
  const rows = report.counts.map(({ better, worse, same, otherReference, onlyA, onlyB, ...pair }) => {
    const cells = [better, worse, same, otherReference, onlyA, onlyB];
    return html`<tr><th scope="row" class="name">${visible(pairName(pair))}</th>${cells.map((count) => html`<td class="num">${count.toLocaleString('en-US')}</td>`)}</tr>`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Items by change"><table>
<thead><tr><th scope="col">System</th><th scope="col" class="num">Better</th><th scope="col" class="num">Worse</th><th scope="col" class="num">Same</th><th scope="col" class="num">Other reference</th><th scope="col" class="num">Only in A</th><th scope="col" class="num">Only in B</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function onlyList(title: string, names: readonly string[]): Html | undefined {
  if (names.length === 0) return undefined;
  return html`<p class="note">${title}: ${names.map((name, i) => html`${i > 0 && ', '}<code>${visible(name)}</code>`)}.</p>`;
}

function comparedCard({ itemA, itemB, change, ...pair }: ComparedItem, pairs: readonly string[]): Html {
  const [rankA, rankB] = [rankOf(itemA), rankOf(itemB)];
  const size = Math.abs(change);
  const facts = [itemA.language === 'und' ? '' : itemA.language, itemA.set, pairName(pair)].filter(
    (fact) => fact !== '',
  );
  const rate = size / Math.max(1, rankA.units);
  const score = (rank: typeof rankA) =>
    `${rank.errors} of ${rank.units}${rank.units > 0 ? ` (${formatShare(rank.errors / rank.units)})` : ''}`;
  return html`<article class="card" data-item="${itemA.id}" data-language="=${itemA.language}" data-set="=${itemA.set}" data-reasons="${pairs.indexOf(pairName(pair))}:${change < 0 ? 'better' : 'worse'}" data-errors="${size}" data-rate="${rate}">
<header><h3>${visible(itemA.id)}</h3><span class="faint">${visible(facts.join(' · '))}</span></header>
<ul class="reasons"><li>${size} ${size === 1 ? 'error' : 'errors'} ${change < 0 ? 'fewer' : 'more'}</li></ul>
<dl class="readings">
<dt><b>reference</b></dt><dd><div class="text" ${textAttributes(itemA.language)}>${visible(itemA.reference)}</div></dd>
<dt><b>A</b>${score(rankA)}</dt><dd>${diffText(itemA.reference, itemA.hypothesis, itemA.language)}</dd>
<dt><b>B</b>${score(rankB)}</dt><dd>${diffText(itemB.reference, itemB.hypothesis, itemB.language)}</dd>
</dl>
</article>`;
}
