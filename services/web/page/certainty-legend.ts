/** What the lines under words mean: a sample of each step of certainty, with its bounds. */
import { CERTAINTY_STEPS, type CertaintyStep } from './certainty.ts';
import { element } from './element.ts';
import { tell } from './messages.ts';
import { percent } from './numbers.ts';

/** Fills the list with all steps, in the language of the page; again whenever that changes, as numbers are written otherwise. */
export function listCertainty(list: HTMLElement): void {
  const fill = () => list.replaceChildren(...CERTAINTY_STEPS.map(itemOf));
  addEventListener('languagechosen', fill);
  fill();
}

function itemOf({ from, style, message }: CertaintyStep, i: number): HTMLElement {
  const to = CERTAINTY_STEPS[i - 1]?.from ?? 1;
  const letters = element('span', { class: style }, 'Aa', element('span', { lang: 'zh-Hans' }, '字'));
  return element(
    'li',
    {},
    element('span', { class: 'sample stage-fused', 'aria-hidden': 'true' }, letters),
    tell(element('span'), message, { from: percent(from), to: percent(to) }),
  );
}
