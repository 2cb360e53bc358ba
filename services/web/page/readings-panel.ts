/** What else a text could be: its readings with the scores of both models, and what the fusion made of the recognizer's. */
import type { FusionChange } from '../../../models/core/stepwise.ts';
import { textDiff } from '../../eval/report/page/text-diff.ts';
import { element } from './element.ts';
import type { MessageKey } from './messages/catalogue.ts';
import { label, say, tell } from './messages.ts';
import { nats, percent } from './numbers.ts';
import { markedParts } from './readings.ts';

export interface Readings {
  /** The word that was chosen, and how sure the recognizer is of it (0..1). */
  readonly word: string;
  readonly probability?: number | undefined;
  /** The whole text that the readings are of. */
  readonly text: string;
  /** Of the text, for fonts and screen readers; '' where unknown. */
  readonly language: string;
  readonly isFinal: boolean;
  readonly alternatives: readonly {
    readonly text: string;
    readonly recognizerLogProb: number;
    readonly llmLogProb?: number | undefined;
  }[];
  readonly changes: readonly FusionChange[];
  /** The change that the chosen word lies in. */
  readonly change: FusionChange | undefined;
  readonly note: MessageKey | null;
}

/** The panel; `onClose` runs for its button and for Escape. */
export function readingsPanel(readings: Readings, onClose: () => void): HTMLElement {
  const { word, probability, note } = readings;
  const close = tell(element('button', { type: 'button', class: 'quiet' }), 'close');
  close.addEventListener('click', onClose);
  const sure =
    probability === undefined
      ? tell(element('p'), 'details', { word })
      : tell(element('p'), 'certainty', { word, percent: percent(probability) });
  const panel = element(
    'div',
    { class: 'readings', role: 'group', tabindex: -1 },
    element('div', { class: 'readings-head' }, sure, close),
    ...(note === null ? [] : [tell(element('p', { class: 'hint' }), note)]),
    changesPart(readings),
    alternativesPart(readings),
    tell(element('p', { class: 'hint' }), 'natsNote'),
  );
  label(panel, 'details', { word });
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    onClose();
  });
  return panel;
}

function part(heading: MessageKey, ...content: readonly Node[]): HTMLElement {
  return element('section', {}, tell(element('h3'), heading), ...content);
}

function alternativesPart({ alternatives, text, language, isFinal }: Readings): HTMLElement {
  if (!isFinal) return part('alternatives', tell(element('p', { class: 'hint' }), 'notFinalYet'));
  if (alternatives.length === 0) return part('alternatives', tell(element('p', { class: 'hint' }), 'noAlternatives'));
  const rows = alternatives.map((alternative) => {
    const isChosen = alternative.text.trim() === text.trim();
    const reading = element('th', { scope: 'row', lang: language || undefined });
    reading.append(...(isChosen ? [alternative.text] : againstChosen(text, alternative.text)));
    if (isChosen) reading.append(' ', tell(element('span', { class: 'badge' }), 'chosen'));
    return element(
      'tr',
      { class: isChosen ? 'is-chosen' : undefined },
      reading,
      number(alternative.recognizerLogProb),
      number(alternative.llmLogProb),
    );
  });
  return part('alternatives', table('reading', rows));
}

/** The other reading, with what it has in place of the chosen one's words marked. */
function againstChosen(chosen: string, other: string): (Node | string)[] {
  return textDiff(chosen, other).parts.flatMap((part): (Node | string)[] => {
    if (part.kind === 'same') return [part.text];
    if (part.kind === 'folded') return [' … '];
    return [
      ...(part.removed === '' ? [] : [element('del', {}, part.removed)]),
      ...(part.added === '' ? [] : [element('ins', {}, part.added)]),
    ];
  });
}

function changesPart({ changes, change, language }: Readings): HTMLElement {
  const shown = change === undefined ? changes : [change];
  if (shown.length === 0) return part('changesHeading', tell(element('p', { class: 'hint' }), 'noChanges'));
  const rows = shown.flatMap(({ recognized, chosen, recognizedLogProb, chosenLogProb }) => [
    changeRow('asRecognized', 'del', recognized, recognizedLogProb, language),
    changeRow('asFused', 'ins', chosen, chosenLogProb, language),
  ]);
  return part('changesHeading', table('reading', rows));
}

function changeRow(
  who: MessageKey,
  mark: 'ins' | 'del',
  text: string,
  logProb: FusionChange['chosenLogProb'],
  language: string,
): HTMLElement {
  const words =
    text === ''
      ? tell(element('span', { class: 'hint' }), 'nothing')
      : element(mark, { lang: language || undefined }, text);
  const heading = element('th', { scope: 'row' }, words, ' ', tell(element('span', { class: 'badge' }), who));
  return element('tr', {}, heading, number(logProb.recognizer), number(logProb.llm));
}

function table(first: MessageKey, rows: readonly HTMLElement[]): HTMLElement {
  const head = element(
    'tr',
    {},
    tell(element('th', { scope: 'col' }), first),
    tell(element('th', { scope: 'col', class: 'number' }), 'recognizerScore'),
    tell(element('th', { scope: 'col', class: 'number' }), 'llmScore'),
  );
  return element(
    'div',
    { class: 'scroll' },
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)),
  );
}

function number(value: number | undefined): HTMLElement {
  return element('td', { class: 'number' }, nats(value));
}

/** For who listens to the page: what a marked place holds. */
export function changeTitle({ recognized, chosen }: FusionChange): string {
  const shown = (text: string) => (text === '' ? say('nothing') : text);
  return `${say('asRecognized')}: ${shown(recognized)} · ${say('asFused')}: ${shown(chosen)}`;
}

/** The text of a word with what the fusion changed of it marked. Where letters only went, the whole word shows it. */
export function markedWord(
  text: string,
  offset: number,
  changes: readonly FusionChange[],
  change: FusionChange | undefined,
): (Node | string)[] {
  if (change === undefined) return [text];
  if (change.chosen === '') return [element('span', { class: 'is-changed' }, text)];
  return markedParts(text, offset, changes).map((part) =>
    part.isChanged ? element('span', { class: 'is-changed' }, part.text) : part.text,
  );
}
