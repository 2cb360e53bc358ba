/** The form above the cards; the script of the page brings it to life and shows it. */
import { type Html, html } from './html.ts';

export interface FilterChoices {
  /** Of each card; repeated ones count once. A list with a single value needs no choice. */
  readonly languages: readonly string[];
  readonly sets: readonly string[];
  readonly systems: readonly string[];
  /** Reasons for which cards were chosen, as they stand in their attributes, with what they are called. */
  readonly reasons: readonly (readonly [kind: string, title: string])[];
}

export function filterForm({ languages, sets, systems, reasons }: FilterChoices): Html {
  return html`<form id="filter" class="filter" hidden>
${select('language', 'Language', named(languages))}
${select('set', 'Set', named(sets))}
${select(
  'system',
  'Chosen for system',
  systems.map((name, i) => html`<option value="${i}">${name}</option>`),
)}
${select(
  'reason',
  'Because of',
  reasons.map(([kind, title]) => html`<option value="${kind}">${title}</option>`),
)}
<label>Order<select name="order"><option value="errors">errors</option><option value="rate">rate</option><option value="chosen">as chosen</option><option value="id">name</option></select></label>
<label class="search">Search<input type="search" name="search" placeholder="text or name" autocomplete="off" spellcheck="false"></label>
<output name="count" aria-live="polite"></output>
</form>`;
}

function select(name: string, title: string, options: readonly Html[]): Html | undefined {
  if (options.length < 2) return undefined;
  return html`<label>${title}<select name="${name}"><option value="">all</option>${options}</select></label>`;
}

/** Values begin with `=`: a set without a name is not the same as all sets. */
function named(names: readonly string[]): Html[] {
  return [...new Set(names)]
    .sort()
    .map((name) => html`<option value="=${name}">${name === '' ? '(none)' : name}</option>`);
}
