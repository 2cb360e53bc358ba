/** The tabs, after the pattern of the ARIA guide: one stop for Tab, arrows between them, the address names the open one. */
import { destination } from './word-keys.ts';

/** `onOpen` gets the name of the panel, at the start and whenever another one opens. */
export function openTabs(list: HTMLElement, onOpen: (name: string) => void): void {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role=tab]')];
  const nameOf = (tab: HTMLElement) => tab.getAttribute('aria-controls') ?? '';
  const select = (wanted: HTMLElement) => {
    for (const tab of tabs) {
      const selected = tab === wanted;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
      const panel = document.getElementById(nameOf(tab));
      if (panel !== null) panel.hidden = !selected;
    }
    onOpen(nameOf(wanted));
  };
  const fromAddress = () => tabs.find((tab) => `#${nameOf(tab)}` === location.hash) ?? tabs[0];
  for (const tab of tabs) {
    tab.addEventListener('click', () => {
      history.replaceState(null, '', `#${nameOf(tab)}`);
      select(tab);
    });
  }
  list.addEventListener('keydown', (event) => {
    const at = event.target instanceof HTMLElement ? tabs.indexOf(event.target) : -1;
    const goal = at < 0 ? undefined : tabs[destination(event.key, at, tabs.length)];
    if (goal === undefined) return;
    event.preventDefault();
    goal.click();
    goal.focus();
  });
  addEventListener('hashchange', () => {
    const tab = fromAddress();
    if (tab !== undefined) select(tab);
  });
  const first = fromAddress();
  if (first !== undefined) select(first);
}
