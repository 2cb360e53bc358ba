/** The head of a page: what was run, by which code, with which models, on which machine and data. */
import type { EvalResults, EvalTask } from '../../results.ts';
import { formatBytes, formatMs } from '../metric-format.ts';
import { type Html, html, visible } from './html.ts';

/** Shown of a SHA-256: enough to tell models apart by eye; the whole is in results.json and in the tooltip. */
const HASH_CHARS = 12;

export const TASK_NAMES: Readonly<Record<EvalTask, string>> = {
  asr: 'Speech recognition',
  ocr: 'Text recognition in images',
  gec: 'Grammatical error correction',
  darag: 'Correction of recognized names',
  ner: 'Named entities',
};

export function runFacts(results: EvalResults): Html {
  const { machine, data } = results;
  const tookMs = Date.parse(results.finishedAt) - Date.parse(results.startedAt);
  const took = Number.isFinite(tookMs) ? html`, took ${formatMs(tookMs)}` : undefined;
  return html`<dl class="facts">
<dt>Command</dt><dd><code>${visible(results.command.map(shellWord).join(' '))}</code></dd>
<dt>Finished</dt><dd>${visible(results.finishedAt)}${took}</dd>
<dt>Commit</dt><dd>${commitText(results.commit)}</dd>
<dt>Models</dt><dd>${models(results)}</dd>
<dt>Data</dt><dd><code>${visible(data.location)}</code> (${visible(data.form)}, ${data.items.toLocaleString('en-US')} items)</dd>
<dt>Machine</dt><dd>${visible(machine.cpu)}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, Node ${visible(machine.node)}</dd>
<dt>Settings</dt><dd>${settingsText(results.settings)}</dd>
</dl>`;
}

function commitText(commit: string | null): Html {
  if (commit === null) return html`unknown (not run from a checkout)`;
  const changed = commit.endsWith('+');
  return html`<code>${visible(commit)}</code>${changed && ' (with changes that were not committed)'}`;
}

function models(results: EvalResults): Html {
  if (results.models.length === 0) return html`none`;
  const rows = results.models.map(
    ({ name, role, sha256 }) =>
      html`<li>${visible(role)}: ${visible(name)} <code title="${sha256}">${visible(sha256.slice(0, HASH_CHARS))}</code></li>`,
  );
  return html`<ul>${rows}</ul>`;
}

/** `name = value`, nested ones with dots. */
export function settingsText(settings: Readonly<Record<string, unknown>>): Html {
  const pairs = flatten(settings, '');
  if (pairs.length === 0) return html`defaults`;
  return html`${pairs.map(
    ([name, value], i) => html`${i > 0 && ', '}<code>${visible(name)}</code> = <code>${visible(value)}</code>`,
  )}`;
}

/** What is deeper than this is written as JSON; settings are flat or nearly so. */
const DEPTH_MAX = 4;

export function flatten(value: Readonly<Record<string, unknown>>, prefix: string, depth = 1): [string, string][] {
  return Object.entries(value).flatMap(([name, held]): [string, string][] => {
    const path = prefix + name;
    if (typeof held === 'object' && held !== null && !Array.isArray(held) && depth < DEPTH_MAX) {
      return flatten(held as Readonly<Record<string, unknown>>, `${path}.`, depth + 1);
    }
    return [[path, typeof held === 'string' ? held : JSON.stringify(held)]];
  });
}

/** As it could be typed into a shell again. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
