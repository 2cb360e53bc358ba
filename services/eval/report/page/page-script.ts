/**
 * The script of the page: filter, search and order of the cards. It reads attributes and text and sets `hidden`; it never
 * makes markup. Without scripts all cards are there and the form is not.
 *
 * Search compares letters without their marks and case, and Turkish dotless i as i, so that any keyboard finds a name.
 */
export const PAGE_SCRIPT = `
'use strict';
(() => {
  const form = document.getElementById('filter');
  const list = document.getElementById('cards');
  if (!form || !list) return;
  const fold = (text) => text.normalize('NFKD').replace(/\\p{M}/gu, '').toLowerCase().replace(/\u0131/g, 'i');
  const cards = Array.from(list.children, (card, place) => ({ card, place, data: card.dataset, text: undefined }));
  const textOf = (entry) => (entry.text ??= fold(entry.card.textContent));
  const field = (name) => form.elements.namedItem(name);
  const count = field('count');
  const orders = {
    chosen: (a, b) => a.place - b.place,
    errors: (a, b) => b.data.errors - a.data.errors || a.place - b.place,
    rate: (a, b) => b.data.rate - a.data.rate || a.place - b.place,
    id: (a, b) => (a.data.item < b.data.item ? -1 : a.data.item > b.data.item ? 1 : 0),
  };
  const show = () => {
    const value = (name) => field(name)?.value ?? '';
    const [language, set, system, reason, words] = ['language', 'set', 'system', 'reason', 'search'].map(value);
    const wanted = fold(words).split(/\\s+/).filter(Boolean);
    const has = (listed, name, kind) =>
      listed.split(' ').some((entry) => {
        const [number, why] = entry.split(':');
        return (name === '' || number === name) && (kind === '' || why === kind);
      });
    let shown = 0;
    for (const entry of cards) {
      const { card, data } = entry;
      const fits =
        (language === '' || data.language === language) &&
        (set === '' || data.set === set) &&
        has(data.reasons, system, reason) &&
        wanted.every((word) => textOf(entry).includes(word));
      card.hidden = !fits;
      if (fits) shown++;
    }
    count.value = shown + ' of ' + cards.length + ' items';
  };
  const arrange = () => {
    const order = orders[field('order').value] ?? orders.chosen;
    cards.sort(order);
    list.append(...cards.map(({ card }) => card));
  };
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', (event) => {
    if (event.target.name === 'order') arrange();
    show();
  });
  form.hidden = false;
  arrange();
  show();
})();
`;
