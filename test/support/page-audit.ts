/** What a page owes to those who cannot see it well: names, references, contrast. Runs in the page; nothing is installed. */
import type { Page } from 'playwright-core';

/** Complaints about what is shown now; empty where all is well. */
export function auditPage(page: Page): Promise<string[]> {
  return page.evaluate(AUDIT) as Promise<string[]>;
}

/**
 * Contrast after WCAG 2.2 (1.4.3): 4.5, or 3 for text of 24 px and above, or bold from 18.66 px on. What is disabled is
 * exempt. The rest follows the rules for names, roles and references (4.1.2, 1.3.1) and for target sizes (2.5.8).
 */
const AUDIT = `(() => {
  const found = [];
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getClientRects().length > 0;
  const unseen = (e) => e.closest('.unseen') !== null;
  const describe = (e) => e.tagName.toLowerCase() + (e.id ? '#' + e.id : '') + (e.className ? '.' + e.className : '') + ' ' + (e.textContent || '').trim().slice(0, 30);
  const nameOf = (e) => {
    const by = e.getAttribute('aria-labelledby');
    if (by) return by.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
    const label = e.getAttribute('aria-label');
    if (label) return label.trim();
    if (e.labels && e.labels.length > 0) return [...e.labels].map((l) => l.textContent).join(' ').trim();
    return (e.textContent || e.getAttribute('title') || '').trim();
  };
  for (const e of document.querySelectorAll('button, input, select, textarea, meter, [role=button], [role=tab], [role=tabpanel], [role=group], [role=img], section[aria-labelledby]')) {
    if (shown(e) && nameOf(e) === '') found.push('no name: ' + describe(e));
  }
  for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby], [aria-controls]')) {
    for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls']) {
      for (const id of (e.getAttribute(attribute) ?? '').split(' ').filter(Boolean)) {
        if (!document.getElementById(id)) found.push(attribute + ' leads nowhere: ' + describe(e));
      }
    }
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push('id twice: ' + id);
  if (!document.documentElement.lang) found.push('no language');
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (document.querySelectorAll('main').length !== 1) found.push('not one main');
  let level = 0;
  for (const e of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!shown(e)) continue;
    const now = Number(e.tagName[1]);
    if (now > level + 1) found.push('heading skips a level: ' + describe(e));
    level = now;
  }
  for (const e of document.querySelectorAll('button, select, input:not([type=file]), .button')) {
    if (!shown(e) || unseen(e)) continue;
    const { width, height } = e.getBoundingClientRect();
    if (width < 24 || height < 24) found.push('small target: ' + describe(e));
  }
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    probe.clearRect(0, 0, 1, 1);
    probe.fillStyle = color;
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = probe.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const ground = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (node.data.trim() === '' || !shown(e) || unseen(e) || e.closest('svg, noscript, option, :disabled, .skip')) continue;
    if (e.closest('label') && e.closest('label').querySelector(':disabled')) continue;
    const style = getComputedStyle(e);
    const below = ground(e);
    const text = over(rgba(style.color), below);
    const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < wanted) found.push('contrast ' + ratio.toFixed(2) + ': ' + describe(e));
  }
  return found;
})()`;
