import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedPage } from '../../../../services/web/page/document/page-check.ts';
import { EventCutter } from '../../../../services/web/page/events.ts';
import { CATALOGUE, filled, LANGUAGES, preferredLanguage } from '../../../../services/web/page/messages/catalogue.ts';
import { changeAt, markedParts, withoutChanges } from '../../../../services/web/page/readings.ts';
import { AudioRing } from '../../../../services/web/page/talk/audio-ring.ts';
import { importedModules, WEB_HEADERS } from '../../../../services/web/web-assets.ts';
import { namesTag } from '../../../../services/web/web-routes.ts';
import { readProjectFile } from '../../../support/project-files.ts';
import { TOY_DOCUMENT } from '../../../support/toy-document.ts';

test('every language says everything, with the same values in it', () => {
  const names = (message: string) => [...message.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  for (const language of LANGUAGES) {
    for (const [key, message] of Object.entries(CATALOGUE[language])) {
      const english = CATALOGUE.en[key as keyof typeof CATALOGUE.en];
      assert.notEqual(message.trim(), '', `${language} ${key}`);
      assert.deepEqual(names(message), names(english), `${language} ${key}`);
    }
  }
});

test('the document names messages that exist, and says the English ones until its script runs', () => {
  const html = readProjectFile('services/web/page/index.html');
  const plain = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&lt;', '<');
  let count = 0;
  for (const match of html.matchAll(/data-(?:message|label|placeholder)="(\w*)"/g)) {
    assert.ok(match[1]! in CATALOGUE.en, match[1]);
    count++;
  }
  assert.ok(count > 50);
  for (const [, key, text] of html.matchAll(/data-message="(\w+)"[^>]*>([^<]*)</g)) {
    assert.equal(plain(text!), CATALOGUE.en[key as keyof typeof CATALOGUE.en], key);
  }
});

test('the document has no script, style or handler of its own, and names no other site', () => {
  const html = readProjectFile('services/web/page/index.html');
  assert.doesNotMatch(html, /\son\w+=|\sstyle=|<style|javascript:|https?:/i);
  assert.deepEqual(html.match(/<script[^>]*>[^<]*/g), ['<script type="module" src="/web/services/web/page/main.js">']);
  for (const name of ['page.css', 'panels.css']) {
    const css = readProjectFile(`services/web/page/${name}`);
    assert.doesNotMatch(css, /@import|https?:|@font-face/);
  }
  assert.match(WEB_HEADERS['content-security-policy']!, /default-src 'none'/);
  assert.doesNotMatch(WEB_HEADERS['content-security-policy']!, /unsafe|\*|data:/);
});

test('the language is the reader’s choice, else the browser’s first that there is', () => {
  assert.equal(preferredLanguage('tr', ['zh-CN']), 'tr');
  assert.equal(preferredLanguage(null, ['fr', 'zh-TW', 'tr']), 'zh');
  assert.equal(preferredLanguage('xx', ['fr']), 'en');
  assert.equal(filled('{a} of {b}', { a: '{b}' }), '{b} of {b}');
});

test('a change is undone where it stands, and passed over where it does not', () => {
  const scores = { recognizedLogProb: { recognizer: -1, llm: -1 }, chosenLogProb: { recognizer: -1, llm: -1 } };
  const change = (recognized: string, chosen: string, offset: number) => ({ recognized, chosen, offset, ...scores });
  const changes = [change('汽', '气', 4), change('', '今', 0), change('x', 'y', 1)];
  assert.equal(withoutChanges('今天的天气', changes), '天的天汽');
  assert.equal(withoutChanges('abc', []), 'abc');
  assert.equal(changeAt(changes, 3, 2), changes[0]);
  assert.equal(changeAt(changes, 2, 1), undefined);
  assert.equal(changeAt([change('gone', '', 3)], 3, 4)?.recognized, 'gone');
});

test('only what changed of a word is marked', () => {
  const scores = { recognizedLogProb: { recognizer: -1, llm: -1 }, chosenLogProb: { recognizer: -1, llm: -1 } };
  const change = (chosen: string, offset: number) => ({ recognized: '', chosen, offset, ...scores });
  const marked = (text: string, offset: number, ...changes: ReturnType<typeof change>[]) =>
    markedParts(text, offset, changes)
      .map((part) => (part.isChanged ? `[${part.text}]` : part.text))
      .join('');
  assert.equal(marked('今天天气很好', 10, change('气', 13)), '今天天[气]很好');
  assert.equal(marked('weather', 4, change('weather', 4)), '[weather]');
  assert.equal(marked('two', 4, change('one two', 0)), '[two]');
  assert.equal(marked('abc', 0, change('ab', 0), change('bc', 1)), '[ab][c]');
  assert.equal(marked('abc', 0, change('', 1), change('x', 3)), 'abc');
});

test('events are cut out of a stream that arrives in any pieces', () => {
  const text = ': still working\n\ndata: {"a":1}\r\n\r\nevent: x\ndata: two\ndata:  lines\n\ndata: unfinished';
  for (const size of [1, 2, 3, 7, 100]) {
    const cutter = new EventCutter();
    const found: string[] = [];
    for (let at = 0; at < text.length; at += size) found.push(...cutter.add(text.slice(at, at + size)));
    assert.deepEqual(found, ['{"a":1}', 'two\n lines'], `pieces of ${size}`);
  }
});

test('an event without an end is not collected for ever', () => {
  const cutter = new EventCutter();
  const piece = `data: ${'x'.repeat(2 ** 23)}\n`;
  assert.throws(() => {
    for (let i = 0; i < 9; i++) cutter.add(piece);
  }, RangeError);
});

test('the ring keeps the last samples under their numbers', () => {
  for (const piece of [1, 3, 4, 10]) {
    const ring = new AudioRing(4);
    for (let at = 0; at < 10; at += piece) {
      ring.add(Int16Array.from({ length: Math.min(piece, 10 - at) }, (_, i) => at + i));
    }
    assert.deepEqual([ring.start, ring.end], [6, 10], `pieces of ${piece}`);
    assert.deepEqual([...ring.since(0)], [6, 7, 8, 9]);
    assert.deepEqual([...ring.since(8)], [8, 9]);
    assert.deepEqual([...ring.since(10)], []);
    assert.deepEqual([...ring.since(99)], []);
  }
});

test('pages are checked where they come in', () => {
  const page = JSON.parse(JSON.stringify(TOY_DOCUMENT.pages[0]));
  assert.equal(checkedPage(page), page);
  const quad = structuredClone(page);
  quad.blocks[0].lines[0].words[0].quad[3] = '"><script>';
  for (const bad of [null, {}, { ...page, widthPx: 'x' }, { ...page, blocks: [{}] }, { ...page, language: 5 }, quad]) {
    assert.throws(() => checkedPage(bad), SyntaxError);
  }
});

test('imports of a compiled module are found, and nothing that looks like one', () => {
  const source = [
    "import { a } from './a.js';",
    "import './b.js';",
    'export {\n  c,\n} from "../c.js";',
    "export const ENDINGS = { text: '.txt' };",
    "const text = 'import x from nowhere';",
  ].join('\n');
  assert.deepEqual(importedModules('web/page/main.js', source), ['web/page/a.js', 'web/page/b.js', 'web/c.js']);
});

test('a browser that has this version is told so', () => {
  assert.ok(namesTag('"a", W/"b"', '"b"'));
  assert.ok(namesTag('*', '"b"'));
  assert.ok(!namesTag('"a"', '"b"'));
  assert.ok(!namesTag(undefined, '"b"'));
});
