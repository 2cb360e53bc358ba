/** The pages of an evaluation in a real browser: they load nothing, run nothing of the data, and work by keyboard. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { compareResults } from '../../services/eval/report/compare/compare-results.ts';
import { writeComparison } from '../../services/eval/report/compare/comparison-page.ts';
import { writeReport } from '../../services/eval/report/write-report.ts';
import type { ItemResult } from '../../services/eval/results.ts';
import { chromiumPath, NO_CHROMIUM, openChromium } from '../support/chromium.ts';
import { evaluationFolder, toyItem, toyResults } from '../support/toy-report.ts';
import { toneBytes, wavBytes } from '../support/wav-bytes.ts';

const SYSTEMS = ['r=0', 'r=0.2'];

/** Each would set `pwned` if it became markup, an attribute, a script or a style. */
const HOSTILE = [
  '</script><script>window.pwned=1</script>',
  '"><img src=x onerror="window.pwned=1">',
  "' onmouseover='window.pwned=1' autofocus onfocus='window.pwned=1' x='",
  '<svg onload=window.pwned=1><style>*{display:none}</style>',
  '</title></style></textarea><script>window.pwned=1</script>',
  'javascript:window.pwned=1//</a>\u202egnp.exe',
  '<meta http-equiv="refresh" content="0;url=https://example.org/">',
  '<link rel=stylesheet href=https://example.org/x.css><iframe srcdoc="<script>parent.pwned=1</script>">',
];

function items(): ItemResult[] {
  return SYSTEMS.flatMap((system, s) => [
    toyItem({
      id: 'zh/一.wav',
      system,
      language: 'zh',
      set: 'han',
      reference: '今天天气好',
      hypothesis: s ? '今天天汽好' : '今天汽',
    }),
    toyItem({
      id: 'tr/bir.wav',
      system,
      language: 'tr',
      set: '',
      reference: 'ığdır ılık bir gün',
      hypothesis: s ? '' : 'iğdır ılık bir gün',
    }),
    toyItem({ id: 'en/one.wav', system, hypothesis: s ? 'one two' : 'one', mediaPath: 'one.wav' }),
    toyItem({ id: 'en/page.png', system, hypothesis: s ? 'one' : 'two', mediaPath: 'page.png' }),
    ...HOSTILE.map((text, i) =>
      toyItem({
        id: text,
        system,
        set: text,
        language: i % 2 ? text : 'en',
        reference: `${text} one`,
        hypothesis: `${text} ${s ? 'two' : 'three four'}`,
        changes: [{ from: text, to: text }],
        mediaPath: `gone/${text}`,
        timings: { [text]: 1, totalMs: 2 },
        error: { code: text, message: text },
      }),
    ),
  ]);
}

describe('pages of an evaluation', { skip: chromiumPath() === undefined && NO_CHROMIUM }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openChromium(chromiumPath()!);
  });
  after(() => browser?.close());

  /** A page, with whatever it asked for and complained of. */
  async function opened(t: TestContext, path: string, options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    t.after(() => page.close());
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(path).href);
    return { page, complaints, requests };
  }

  async function folderOf(t: TestContext): Promise<string> {
    const results = toyResults({ command: HOSTILE, settings: { script: 'hans', [HOSTILE[0]!]: HOSTILE[1] } }, SYSTEMS);
    const folder = await evaluationFolder(t, results, items());
    await writeFile(join(folder, 'one.wav'), wavBytes({ data: toneBytes(1.5) }));
    const picture = sharp({ create: { width: 80, height: 40, channels: 3, background: '#ffffff' } });
    await writeFile(join(folder, 'page.png'), await picture.png().toBuffer());
    return folder;
  }

  const pwned = (page: Page) => page.evaluate(() => 'pwned' in globalThis);
  const shownCards = (page: Page) => page.locator('.card:visible h3').allTextContents();
  const overflow = (page: Page) =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

  test('the report asks for nothing, complains of nothing and runs nothing of the data', async (t) => {
    const { page, complaints, requests } = await opened(t, await writeReport(await folderOf(t)));
    assert.equal(await page.locator('.card').count(), items().length / 2);
    await page.locator('.card h3').first().hover();
    await page.locator('summary').first().click();
    assert.equal(await pwned(page), false);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith('data:') && !/^file:.*report\.html$/.test(url)),
      [],
    );
    assert.deepEqual(complaints, []);
    assert.ok(await page.getByText(HOSTILE[0]!).first().isVisible(), 'hostile text is shown as text');
  });

  test('markup that slipped through could not run: the policy holds', async (t) => {
    const { page } = await opened(t, await writeReport(await folderOf(t)));
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<img src="data:x" onerror="window.pwned=1">')`);
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.pwned=1' }))`,
    );
    assert.equal(await pwned(page), false);
    const load = `new Promise((done) => { const img = new Image(); img.onload = () => done(true); img.onerror = () => done(false); img.src = 'https://example.org/x.png'; })`;
    assert.equal(await page.evaluate(load), false);
  });

  test('a recording can be played and a picture is there', async (t) => {
    const { page } = await opened(t, await writeReport(await folderOf(t)));
    const duration = await page.locator('audio').evaluate(
      (element: { load(): void; preload: string; duration: number; onloadedmetadata: unknown; onerror: unknown }) =>
        new Promise<number>((resolve, reject) => {
          element.onloadedmetadata = () => resolve(element.duration);
          element.onerror = () => reject(new Error('the recording cannot be decoded'));
          element.preload = 'metadata';
          element.load();
        }),
    );
    assert.ok(Math.abs(duration - 1.5) < 0.05, `${duration} s`);
    const width = await page.locator('.crop img').evaluate((image: { naturalWidth: number }) => image.naturalWidth);
    assert.equal(width, 80);
  });

  test('the filter works by keyboard, and finds letters that the keyboard lacks', async (t) => {
    const { page } = await opened(t, await writeReport(await folderOf(t)));
    const all = await page.locator('.card').count();
    const output = page.locator('output');
    assert.equal(await output.textContent(), `${all} of ${all} items`);
    await page.getByLabel('Language').focus();
    await page.keyboard.type('zh');
    await page.waitForFunction('document.querySelector("output").textContent.startsWith("1 of")');
    assert.deepEqual(await shownCards(page), ['zh/一.wav']);
    await page.keyboard.press('Home');
    // Language, set, system, reason, order, search.
    for (let i = 0; i < 5; i++) await page.keyboard.press('Tab');
    await page.keyboard.type('IGDIR ilik');
    await page.waitForFunction('document.querySelector("output").textContent.startsWith("1 of")');
    assert.deepEqual(await shownCards(page), ['tr/bir.wav']);
    await page.getByLabel('Because of').selectOption('better');
    assert.deepEqual(await shownCards(page), []);
  });

  test('cards can be put in order', async (t) => {
    const { page } = await opened(t, await writeReport(await folderOf(t)));
    const numbers = (name: string) =>
      page
        .locator('.card')
        .evaluateAll(
          (cards: { dataset: Record<string, string> }[], key: string) =>
            cards.map(({ dataset }) => Number(dataset[key])),
          name,
        );
    const descending = (values: readonly number[]) => values.every((value, i) => i === 0 || value <= values[i - 1]!);
    assert.ok(descending(await numbers('errors')));
    await page.getByLabel('Order').selectOption('rate');
    assert.ok(descending(await numbers('rate')));
  });

  test('nothing hangs over the side, on a desk, on a phone and in the dark', async (t) => {
    const folder = await folderOf(t);
    const report = await writeReport(folder);
    for (const width of [1280, 768, 390, 320]) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await opened(t, report, { viewport: { width, height: 800 }, colorScheme });
        assert.equal(await overflow(page), 0, `${width} pixels, ${colorScheme}`);
      }
    }
  });

  test('without scripts every card is there and the form is not', async (t) => {
    const { page } = await opened(t, await writeReport(await folderOf(t)), { javaScriptEnabled: false });
    assert.equal(await page.locator('.card:visible').count(), items().length / 2);
    assert.equal(await page.locator('#filter:visible').count(), 0);
  });

  test('the comparison page holds to the same rules', async (t) => {
    const folderA = await folderOf(t);
    const worse = items().map(({ rates: _, rawHypothesis: __, ...item }) =>
      item.system === 'r=0' ? toyItem({ ...item, hypothesis: '' }) : toyItem(item),
    );
    const folderB = await evaluationFolder(
      t,
      toyResults({ settings: { script: 'hans', [HOSTILE[2]!]: 1 } }, SYSTEMS),
      worse,
    );
    const report = await compareResults(folderA, folderB);
    const path = await writeComparison(report, join(folderB, 'compare.html'));
    const { page, complaints, requests } = await opened(t, path, { viewport: { width: 390, height: 800 } });
    assert.equal(await pwned(page), false);
    assert.deepEqual([complaints, requests.length, await overflow(page)], [[], 1, 0]);
    await page.getByLabel('Search').fill('gunu yok boyle bir sey');
    assert.deepEqual(await shownCards(page), []);
    await page.getByLabel('Search').fill('IGDIR');
    assert.deepEqual(await shownCards(page), ['tr/bir.wav']);
  });
});
