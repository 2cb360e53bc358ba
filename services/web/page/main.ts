/** Starts the page: its language, its tabs, and what each of them shows. */
import { listCertainty } from './certainty-legend.ts';
import { CompareView } from './compare/compare-view.ts';
import { DocumentView } from './document/document-view.ts';
import { byId } from './element.ts';
import { openKeyForm } from './key-form.ts';
import { LANGUAGES } from './messages/catalogue.ts';
import { chooseLanguage, speak, storedLanguage } from './messages.ts';
import { openTabs } from './tabs.ts';
import { TalkView } from './talk/talk-view.ts';

function main(): void {
  const languages = byId('page-language', HTMLSelectElement);
  const language = storedLanguage();
  languages.value = language;
  speak(language);
  languages.addEventListener('change', () => {
    const chosen = LANGUAGES.find((one) => one === languages.value);
    if (chosen !== undefined) chooseLanguage(chosen);
  });

  openKeyForm();
  for (const id of ['talk-certainty', 'document-certainty']) listCertainty(byId(id, HTMLUListElement));
  let compare: CompareView | null = null;
  const offer = () => compare?.offer();
  const talk = new TalkView(offer);
  const read = new DocumentView(offer);
  compare = new CompareView(talk, read);
  openTabs(byId('tabs', HTMLElement), () => offer());
}

main();
