/** The page of the service in a real browser, against a toy service: what it shows, by keyboard, on a phone, in the dark. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { CATALOGUE } from '../../services/web/page/messages/catalogue.ts';
import { chromiumPath, microphoneFrom, NO_CHROMIUM, openChromium } from '../support/chromium.ts';
import { auditPage } from '../support/page-audit.ts';
import { speechWav } from '../support/speech-wav.ts';
import { TOY_DOCUMENT, toyBlock, toyDocumentPage, toyLine } from '../support/toy-document.ts';
import { toyService } from '../support/toy-service.ts';
import { TOY_TALK } from '../support/toy-talk.ts';
import { openToyService, type ToyService, type ToyServiceOptions } from '../support/toy-web-service.ts';

const HOSTILE =
  '"><img src=x onerror="window.pwned=1"></script><script>window.pwned=1</script><svg onload=window.pwned=1>';

const DOCUMENT_EVENTS = {
  '/v1/documents': [
    ...TOY_DOCUMENT.pages.map((page) => ({ type: 'document.page', page })),
    { type: 'document.done', pages: TOY_DOCUMENT.pages.length, warnings: [] },
  ],
};

describe('the web page', { skip: chromiumPath() === undefined && NO_CHROMIUM }, () => {
  let browser: Browser;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bytefuse-page-'));
    const wav = join(folder, 'speech.wav');
    await writeFile(wav, await speechWav());
    browser = await openChromium(chromiumPath()!, microphoneFrom(wav));
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A page of a service of its own, with whatever it asked for and complained of. */
  async function opened(
    t: TestContext,
    service: ToyServiceOptions = {},
    options: Parameters<Browser['newPage']>[0] = {},
  ): Promise<{ page: Page; service: ToyService; complaints: string[]; requests: string[] }> {
    const toy = await openToyService(service);
    t.after(() => toy.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options });
    t.after(() => page.close());
    page.setDefaultTimeout(15_000);
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(toy.url);
    return { page, service: toy, complaints, requests };
  }

  /**
   * Every text that elements of a selector show from now on, in order: some are there for less than the time between two
   * looks from here.
   */
  async function textsShown(page: Page, selector: string): Promise<() => Promise<string[]>> {
    const texts = await page.evaluateHandle(`(() => {
      const texts = [];
      const look = () => {
        for (const found of document.querySelectorAll(${JSON.stringify(selector)})) {
          if (texts.at(-1) !== found.textContent) texts.push(found.textContent);
        }
      };
      const all = { subtree: true, childList: true, characterData: true, attributes: true };
      new MutationObserver(look).observe(document.body, all);
      return texts;
    })()`);
    return () => texts.jsonValue() as Promise<string[]>;
  }

  /** Until all of a recording has been answered: the button is back before that. */
  const toRest = (page: Page) => page.locator('.lamp[data-state=idle]').waitFor();

  const utterances = (page: Page) => page.locator('.utterance-text');
  const overflow = (page: Page) =>
    page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  const pwned = (page: Page) => page.evaluate('"pwned" in window');
  const toSettle = (page: Page, count: number) =>
    page
      .locator('.utterance-text[data-stage=fused][data-settled=true]')
      .nth(count - 1)
      .waitFor();

  async function dropDocument(page: Page): Promise<void> {
    await page.getByRole('tab').nth(1).click();
    const picture = sharp({ create: { width: 800, height: 600, channels: 3, background: '#aaffaa' } });
    await page.locator('#document-file').setInputFiles({
      name: 'sayfa.png',
      mimeType: 'image/png',
      buffer: await picture.png().toBuffer(),
    });
    await page.locator('#page-text .word').first().waitFor();
  }

  test('speech from the microphone becomes text that settles', async (t) => {
    const { page, service, complaints, requests } = await opened(t, { script: TOY_TALK });
    const pending = await textsShown(page, '.utterance-text[data-stage=recognized]:has(.is-pending)');
    const lags = await textsShown(page, '#talk-lag:not([hidden])');
    await page.getByRole('button', { name: 'Start talking' }).click();
    const first = utterances(page).first();
    await toSettle(page, 1);
    assert.match((await pending())[0]!, /^the whether/);
    assert.equal(await first.textContent(), 'the weather is fine today');
    assert.equal(await first.locator('.is-pending').count(), 0, 'committed text is solid');
    await toSettle(page, 2);
    assert.match((await lags())[0]!, /2\.3 s behind/);
    assert.equal(await utterances(page).nth(1).getAttribute('lang'), 'zh');
    await page.getByRole('button', { name: 'Stop' }).click();
    await toRest(page);
    assert.equal(await page.locator('#talk-state').textContent(), 'Ready');
    assert.deepEqual(await page.locator('#heard p').allTextContents(), [
      'the weather is fine today',
      '今天的天气很好。',
    ]);
    assert.match((await page.locator('#elapsed').textContent())!, /^0:0[1-9]/);
    const [heard] = service.audio;
    assert.ok(heard!.peak > 1000, `the speech of the fixture arrived (peak ${heard!.peak})`);
    assert.equal(service.starts[0]!['provenance'], true);
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(service.url)),
      [],
      'nothing is asked of anybody else',
    );
  });

  test('the readings of a word open by keyboard, with both scores, and close again', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK });
    await page.getByRole('button', { name: 'Start talking' }).press('Enter');
    await toSettle(page, 2);
    await page.getByRole('button', { name: 'Stop' }).press('Enter');
    await page.getByRole('button', { name: 'Clear' }).focus();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'the');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'weather');
    await page.keyboard.press('Enter');
    const panel = page.getByRole('group', { name: /weather/ });
    await panel.waitFor();
    assert.match((await panel.textContent())!, /41% sure/);
    const rows = await panel
      .locator('tbody tr')
      .evaluateAll((all: { innerText: string }[]) => all.map((r) => r.innerText));
    const cells = rows.map((row) => row.split(/\s*\t\s*|\n+/).join(' | '));
    assert.equal(cells.length, 5);
    assert.match(cells[0]!, /whether.*−4\.12.*−29\.64/);
    assert.match(cells[1]!, /weather.*−4\.31.*−21\.07/);
    assert.match(cells[2]!, /the weather is fine today.*chosen.*−4\.31.*−21\.07/);
    await page.keyboard.press('Escape');
    assert.equal(await panel.count(), 0);
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'weather', 'focus is where it was');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Correct', 'one stop for all the words');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), '今天');
  });

  test('a broken connection is made again, and the recording loses nothing', async (t) => {
    const { page, service } = await opened(t, { script: TOY_TALK, cutAtS: [0.8, 1.3] });
    const states = await textsShown(page, '#talk-state');
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 2);
    await page.getByRole('button', { name: 'Stop' }).click();
    await toRest(page);
    const broke = (await states()).filter((state) => state.startsWith('The connection broke'));
    assert.ok(broke.length >= 2, (await states()).join(' | '));
    assert.equal(service.starts.length, 3);
    const resume = service.starts[1]!['resume'] as { token: string; seq: number };
    assert.equal(resume.token, 'token-0');
    assert.ok(resume.seq > 1);
    assert.deepEqual(await utterances(page).allTextContents(), ['the weather is fine today', '今天的天气很好。']);
    const shown = (await page.locator('#elapsed').textContent())!;
    const [heard] = service.audio;
    assert.ok(heard!.bytes / 32_000 >= Number(shown.split(':')[1]) - 0.1, `${heard!.bytes} bytes for ${shown}`);
  });

  test('a service that forgot the stream gets a new one, and says so', async (t) => {
    const { page, service } = await opened(t, { script: TOY_TALK, cutAtS: [1.3], forgets: true });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await page.getByText('It goes on as a new one').waitFor();
    await toSettle(page, 2);
    assert.equal(service.audio.length, 2);
    assert.equal(await utterances(page).first().textContent(), 'the weather is fine today');
  });

  test('what was said can be downloaded', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 2);
    await page.getByRole('button', { name: 'Stop' }).click();
    await toRest(page);
    assert.equal(await downloaded(page, 'Download as txt'), 'the weather is fine today\n今天的天气很好。\n');
    assert.match(
      await downloaded(page, 'Download as srt'),
      /^1\n00:00:00,200 --> 00:00:01,200\nthe weather is fine today\n/,
    );
    assert.equal(JSON.parse(await downloaded(page, 'Download as json')).utterances.length, 2);
  });

  /** The talk, at rest, with both utterances fused. */
  async function talked(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 2);
    await page.getByRole('button', { name: 'Stop' }).click();
    await toRest(page);
  }

  const diffOf = async (page: Page, utterance: number) => {
    const row = page.locator('.utterance').nth(utterance).locator('.correction');
    return [await row.locator('del').allTextContents(), await row.locator('ins').allTextContents()];
  };

  test('notices of lag and overload are in the words of the page, and end with the recording', async (t) => {
    const warning = (atS: number, code: string) => ({
      atS,
      event: { type: 'warning', code, message: `In English: ${code}.` },
    });
    const script = [
      ...TOY_TALK.filter(({ event }) => event['type'] !== 'lag'),
      warning(2.2, 'shed_partials'),
      warning(2.3, 'shed_nothing'),
      warning(2.4, 'shed_fusion'),
      warning(2.5, 'brand_new'),
      { atS: 2.5, event: { type: 'lag', lagMs: 3600 } },
    ];
    const { page } = await opened(t, { script }, { locale: 'tr-TR' });
    const notices = await textsShown(page, '#talk-overload:not([hidden])');
    await page.locator('#record').click();
    await page.locator('#talk-lag', { hasText: '3,6 sn geriden' }).waitFor();
    assert.deepEqual(await notices(), [
      CATALOGUE.tr.warningShedPartials,
      CATALOGUE.tr.warningShedFusion,
      'Hizmetin yanıtı: In English: brand_new.',
    ]);
    await page.locator('#record').click();
    await toRest(page);
    assert.equal(await page.locator('.recorder .state').innerText(), 'Hazır');
  });

  test('a machine that keeps up again takes its notice back', async (t) => {
    const script = ['shed_fusion', 'shed_nothing'].map((code) => ({
      atS: 0.2,
      event: { type: 'warning', code, message: code },
    }));
    const { page } = await opened(t, { script: [...script, ...TOY_TALK] });
    await page.locator('#record').click();
    await toSettle(page, 1);
    assert.equal(await page.locator('#talk-overload').isVisible(), false);
  });

  test('an utterance is corrected by keyboard, shows its difference, reaches the downloads, and is undone', async (t) => {
    const { page, complaints } = await opened(t, { script: TOY_TALK });
    await talked(page);
    await page.locator('.word', { hasText: 'weather' }).press('F2');
    const field = page.getByLabel('Text of the utterance at 0:00.2');
    assert.equal(await field.inputValue(), 'the weather is fine today');
    await field.fill('the weather was fine');
    await page.keyboard.press('Escape');
    assert.equal(await utterances(page).first().textContent(), 'the weather is fine today');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Correct', 'focus is where one can go on');
    await page.keyboard.press('Enter');
    await field.fill('the weather was fine today indeed');
    assert.deepEqual(await page.locator('.editor ins').allTextContents(), ['was', 'indeed'], 'while it is typed');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Corrected utterances: 1 of 2').waitFor();
    assert.deepEqual(await diffOf(page, 0), [['is'], ['was', 'indeed']]);
    assert.equal(await utterances(page).first().getAttribute('data-stage'), 'corrected');
    const lines = await page.evaluate(
      `[...document.querySelectorAll('.correction del, .correction ins')].map((e) => getComputedStyle(e).textDecorationLine)`,
    );
    assert.deepEqual(lines, ['line-through', 'underline', 'underline'], 'told by more than color');

    await page.getByRole('button', { name: 'Correct the utterance at 0:01.5' }).press('Enter');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText('今天天气很好！');
    await page.keyboard.press('Control+Enter');
    assert.deepEqual(await diffOf(page, 1), [['的', '。'], ['！']], 'character by character');
    assert.equal(await downloaded(page, 'Download as txt'), 'the weather was fine today indeed\n今天天气很好！\n');
    assert.match(
      await downloaded(page, 'Download as srt'),
      /\nthe weather was fine today indeed\n[\s\S]*\n今天天气很好！\n/,
    );
    const [first] = JSON.parse(await downloaded(page, 'Download as json')).utterances;
    assert.deepEqual([first.stage, first.text], ['corrected', 'the weather was fine today indeed']);
    assert.deepEqual(first.uncorrected, { stage: 'fused', text: 'the weather is fine today' });
    assert.equal(first.recognizedText, 'the whether is fine today');

    await page.locator('.word', { hasText: 'today' }).click();
    assert.equal(await page.locator('.readings tbody tr').count(), 5, 'the readings are still there');
    await page.getByRole('button', { name: 'Undo the correction at 0:00.2' }).press('Enter');
    await page.getByText('Corrected utterances: 1 of 2').waitFor();
    assert.equal(await utterances(page).first().getAttribute('data-stage'), 'fused');
    assert.match(await downloaded(page, 'Download as txt'), /^the weather is fine today\n/);
    assert.deepEqual(complaints, []);
  });

  test('leaving the field keeps the text, and what was clicked gets its click', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK });
    await talked(page);
    await page.getByRole('button', { name: 'Correct the utterance at 0:00.2' }).click();
    await page.keyboard.type(', they say, and it may stay like this until the end of the week or even longer');
    await page.getByRole('button', { name: 'Correct the utterance at 0:01.5' }).click();
    await page.getByLabel('Text of the utterance at 0:01.5').waitFor();
    assert.match((await utterances(page).first().textContent())!, /today, they say/);
    await page.keyboard.type('！');
    assert.match(
      await downloaded(page, 'Download as txt'),
      /longer\n今天的天气很好。！\n/,
      'the click came after the text',
    );
    await page.getByRole('button', { name: 'Correct the utterance at 0:01.5' }).click();
    await page.keyboard.type('？');
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal(await utterances(page).nth(1).textContent(), '今天的天气很好。！');
    await page.getByRole('button', { name: 'Correct the utterance at 0:01.5' }).click();
    await page.keyboard.type('？');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await utterances(page).nth(1).textContent(), '今天的天气很好。！？');
  });

  test('a correction is made by touch', async (t) => {
    const options = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const { page } = await opened(t, { script: TOY_TALK }, options);
    await talked(page);
    await page.getByRole('button', { name: 'Correct the utterance at 0:00.2' }).tap();
    await page.getByLabel('Text of the utterance at 0:00.2').fill('the weather is fine');
    await page.getByRole('button', { name: 'Keep' }).tap();
    assert.deepEqual(await diffOf(page, 0), [['today'], []]);
    await page.getByRole('button', { name: 'Correct the utterance at 0:00.2' }).tap();
    await page.getByLabel('Text of the utterance at 0:00.2').fill('fine');
    await page.getByRole('button', { name: 'Correct the utterance at 0:01.5' }).tap();
    await page.getByLabel('Text of the utterance at 0:01.5').waitFor();
    assert.equal(await utterances(page).first().textContent(), 'fine');
  });

  test('a text that is being corrected is not taken away by a late final, and others go on', async (t) => {
    const isLate = ({ event }: (typeof TOY_TALK)[number]) => event['stage'] === 'fused' || event['utterance'] === 1;
    // What is late comes with the end of the recording.
    const script = TOY_TALK.map((one) => (isLate(one) ? { ...one, atS: 1e6 } : one)).filter(
      ({ event }) => event['type'] !== 'lag',
    );
    const { page } = await opened(t, { script });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await page.getByRole('button', { name: 'Correct the utterance at 0:00.2' }).click();
    await page.getByLabel('Text of the utterance at 0:00.2').fill('the whether is bad today');
    // A click would leave the field.
    await page.evaluate(`document.getElementById('record').click()`);
    await page.locator('.utterance-text', { hasText: '今天的天气很好。' }).waitFor();
    await toRest(page);
    assert.equal(await page.locator('.editor textarea').inputValue(), 'the whether is bad today');
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'TEXTAREA');
    assert.deepEqual(
      await page.locator('.editor del').allTextContents(),
      ['weather', 'fine'],
      'against the newest text',
    );
    await page.keyboard.press('Control+Enter');
    assert.deepEqual(await diffOf(page, 0), [
      ['weather', 'fine'],
      ['whether', 'bad'],
    ]);
    await page.getByRole('button', { name: 'Correct the utterance at 0:00.2' }).press('Enter');
    await page.keyboard.press('Control+Enter');
    assert.equal(await page.locator('.correction:not([hidden])').count(), 1, 'keeping it as it is changes nothing');
  });

  test('a running text shows its stage, whichever it is, and the finals that follow', async (t) => {
    const [, first, second, ...rest] = TOY_TALK;
    const fused = { ...second!, event: { ...second!.event, stage: 'fused', text: 'the weather is' } };
    const { page } = await opened(t, { script: [first!, fused, ...rest] });
    const running = await textsShown(page, '.utterance-text[data-stage=fused]:has(.is-pending)');
    const finals = await textsShown(page, '.utterance-text[data-stage=recognized]');
    await talked(page);
    assert.ok((await running()).includes('the weather is'), (await running()).join(' | '));
    assert.ok((await finals()).includes('the whether is fine today'), (await finals()).join(' | '));
    assert.equal(await utterances(page).first().textContent(), 'the weather is fine today');
  });

  test('a recording is transcribed as its text comes, with readings, and can be corrected', async (t) => {
    const path = '/v1/audio/transcriptions';
    const { page, service } = await opened(t, { events: { [path]: RECORDING_EVENTS } });
    await page.getByLabel('Weight of the language model').fill('0.25');
    await page.getByLabel('Names and terms').fill('Iğdır, İzmir');
    await page
      .locator('#recording')
      .setInputFiles({ name: 'kayıt.wav', mimeType: 'audio/wav', buffer: await speechWav() });
    await toSettle(page, 2);
    await toRest(page);
    assert.deepEqual(await utterances(page).allTextContents(), ['Bugün hava güzel.', 'Yarın da.']);
    assert.equal(await utterances(page).first().getAttribute('lang'), 'tr');
    assert.equal(await page.locator('.alert span').textContent(), CATALOGUE.en.degradedNote);
    const [sent] = service.uploads;
    assert.match(sent!.body, /name="llm_weight"\r\n\r\n0\.25\r\n/);
    assert.equal(sent!.body.match(/name="keywords\[\]"/g)?.length, 2);
    await page.locator('.word', { hasText: 'güzel' }).click();
    const panel = page.locator('.readings');
    assert.match((await panel.textContent())!, /41% sure/);
    assert.match(
      (await panel.locator('tbody').last().textContent())!,
      /chosen.*−2\.00.*−9\.00.*güzeldi.*−3\.00.*−12\.00/,
    );
    assert.match((await panel.locator('tbody').first().textContent())!, /gizel.*güzel/);
    await page.getByRole('button', { name: 'Correct the utterance at 0:02.0' }).click();
    await page.keyboard.type(' Belki.');
    await page.keyboard.press('Control+Enter');
    assert.deepEqual(await diffOf(page, 1), [[], ['Belki.']]);
    const srt =
      '1\n00:00:00,000 --> 00:00:02,000\nBugün hava güzel.\n\n2\n00:00:02,000 --> 00:00:03,000\nYarın da. Belki.\n';
    assert.equal(await downloaded(page, 'Download as srt'), srt);
    assert.equal(JSON.parse(await downloaded(page, 'Download as json')).utterances[1].stage, 'corrected');
    assert.equal(service.uploads.length, 1, 'it is recognized once');
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Take the last recording' }).click();
    assert.deepEqual(await page.locator('#compare-diff ins').allTextContents(), ['güzel.', 'Belki.']);
  });

  test('how sure the recognizer is shows in steps that differ in more than color, and the legend has each', async (t) => {
    const { page } = await opened(
      t,
      { events: { '/v1/audio/transcriptions': RECORDING_EVENTS } },
      { colorScheme: 'dark' },
    );
    await page.locator('#recording').setInputFiles({ name: 'a.wav', mimeType: 'audio/wav', buffer: await speechWav() });
    await toSettle(page, 2);
    const lineOf = `(e) => { const s = getComputedStyle(e); return s.textDecorationLine === 'none' ? 'none' : s.textDecorationStyle; }`;
    const lines = await page.evaluate(
      `[...document.querySelectorAll('.word')].map((e) => e.textContent + ' ' + (${lineOf})(e))`,
    );
    assert.deepEqual(lines, ['Bugün none', 'hava dashed', 'güzel. wavy', 'Yarın none', 'da. double']);
    const legend = await page.evaluate(
      `[...document.querySelectorAll('#talk-certainty .sample > span')].map(${lineOf})`,
    );
    assert.deepEqual(legend, ['none', 'dashed', 'wavy', 'double']);
    assert.match((await page.locator('#talk-certainty').innerText()).replace(/\s+/g, ' '), /mostly sure: 60% to 85%/);
    await page.getByLabel('Language of this page').selectOption('tr');
    assert.match(
      (await page.locator('#talk-certainty').innerText()).replace(/\s+/g, ' '),
      /oldukça emin: %60 ile %85 arası/,
    );
    // 3 to 1 is what lines need to be seen (WCAG 2.2, 1.4.11), in the light as in the dark.
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      const ratios = (await page.evaluate(LINE_CONTRASTS)) as number[];
      assert.equal(ratios.length, 3);
      for (const ratio of ratios) assert.ok(ratio >= 3, `${colorScheme}: ${ratios.join(' ')}`);
    }
  });

  test('a document shows its boxes and its text, and what fusion changed', async (t) => {
    const { page, complaints } = await opened(t, { events: DOCUMENT_EVENTS });
    await dropDocument(page);
    assert.equal(await page.locator('#page-picture polygon').count(), 9);
    assert.match(
      (await page.locator('#page-text').innerText()).replace(/\s+/g, ' '),
      /Başlık Yarın & <gel> "İkinci" \*satır\*/,
    );
    const drawn = await page
      .locator('#page-picture canvas')
      .evaluate(
        (canvas: { getContext(kind: '2d'): { getImageData(...at: number[]): { data: Uint8ClampedArray } } }) => [
          ...canvas.getContext('2d').getImageData(400, 300, 1, 1).data,
        ],
      );
    assert.deepEqual(drawn, [170, 255, 170, 255], 'the picture is the reader’s own');
    await page.locator('#page-text .word', { hasText: 'satır' }).hover();
    const lit = page.locator('#page-picture polygon.is-lit');
    const word = await page.locator('#page-text .word', { hasText: 'satır' }).getAttribute('data-word');
    assert.equal(await lit.getAttribute('data-word'), word);
    await page.locator(`#page-picture polygon[data-word="0.0"]`).hover();
    assert.equal(await page.locator('#page-text .is-lit').textContent(), 'Başlık');
    const changed = page.locator('#page-text .has-change');
    await changed.focus();
    await page.keyboard.press('Enter');
    assert.equal(await changed.locator('.is-changed').textContent(), 'ı', 'only what changed is marked');
    const panel = page.getByRole('group', { name: /Yarın/ });
    assert.match((await panel.textContent())!, /Recognizer alone.*Fused/);
    await page.getByRole('button', { name: 'Next page' }).click();
    assert.match(await page.locator('#page-text').innerText(), /你好,世界/);
    assert.equal(await page.locator('#page-picture canvas').count(), 0, 'the browser has only the first page');
    assert.match((await page.locator('#page-picture svg').textContent())!, /直排文字/);
    assert.match(await downloaded(page, 'Download as TXT'), /Başlık/);
    assert.match(await downloaded(page, 'Download as ALTO'), /<alto /);
    assert.match(await downloaded(page, 'Download as hOCR'), /ocr_page/);
    assert.deepEqual(complaints, []);
  });

  test('a document can be dropped', async (t) => {
    const { page, service } = await opened(t, { events: DOCUMENT_EVENTS });
    await page.getByRole('tab', { name: 'Document' }).click();
    const data = await page.evaluateHandle(
      `(() => { const data = new DataTransfer(); data.items.add(new File(['%PDF-1.7'], 'a.pdf', { type: 'application/pdf' })); return data; })()`,
    );
    await page.locator('#drop').dispatchEvent('drop', { dataTransfer: data });
    await page.locator('#page-text .word').first().waitFor();
    assert.match(service.uploads[0]!.body, /filename="a\.pdf"/);
    await page.getByText('the words stand where they were found').waitFor();
  });

  test('comparison takes the last recording and document, and shows differences of pasted texts', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK, events: DOCUMENT_EVENTS });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 2);
    await page.getByRole('button', { name: 'Stop' }).click();
    await dropDocument(page);
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Take the last recording' }).click();
    assert.deepEqual(await page.locator('#compare-diff del').allTextContents(), ['whether', '汽']);
    assert.deepEqual(await page.locator('#compare-diff ins').allTextContents(), ['weather', '气']);
    await page.getByRole('button', { name: 'Take the last document' }).click();
    assert.deepEqual(await page.locator('#compare-diff ins').allTextContents(), ['Yarın']);
    await page.getByLabel('Before').fill('one two');
    await page.getByLabel('After').fill('one three');
    await page.getByText('1 place differs.').waitFor();
    await page.getByLabel('After').fill('one two');
    await page.getByText('The texts are equal.').waitFor();
  });

  test('the page changes its language and keeps it', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK }, { locale: 'tr-TR' });
    const lang = () => page.evaluate('document.documentElement.lang');
    assert.equal(await lang(), 'tr');
    assert.equal(await page.locator('#record').textContent(), 'Konuşmaya başla');
    await page.getByLabel('Sayfanın dili').selectOption('zh');
    assert.equal(await lang(), 'zh-Hans');
    assert.deepEqual(await page.getByRole('tab').allTextContents(), ['说话', '文档', '对比']);
    assert.match(await page.locator('#wish-language').innerText(), /土耳其语/);
    await page.reload();
    assert.equal(await lang(), 'zh-Hans', 'the choice is kept');
    const transforms = await page.evaluate(
      `[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).textTransform !== 'none').length`,
    );
    assert.equal(transforms, 0, 'no text is put into capitals, where i and ı would go wrong');
  });

  test('tabs work by arrow keys and by address', async (t) => {
    const { page, service } = await opened(t);
    await page.getByRole('tab', { name: 'Talk' }).focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.evaluate('document.activeElement.id'), 'tab-document');
    assert.ok(await page.locator('#document').isVisible());
    assert.equal(await page.locator('#talk').isVisible(), false);
    await page.keyboard.press('End');
    assert.equal(await page.evaluate('location.hash'), '#compare');
    await page.goto(`${service.url}#document`);
    assert.equal(await page.getByRole('tab', { selected: true }).textContent(), 'Document');
    const outline = await page.evaluate(
      `(() => { const tab = document.getElementById('tab-document'); tab.focus({ focusVisible: true }); return getComputedStyle(tab).outlineStyle; })()`,
    );
    assert.equal(outline, 'solid', 'focus is to be seen');
  });

  test('a key is asked for, kept in this tab only, and sent with the next try', async (t) => {
    const { page, service } = await opened(t, { script: TOY_TALK, events: DOCUMENT_EVENTS, key: 'secret' });
    await page.getByRole('button', { name: 'Start talking' }).click();
    const field = page.getByLabel('Key', { exact: true });
    await field.waitFor();
    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Start talking' }).click();
    await page.getByText('This key is not accepted.').waitFor();
    await field.fill('secret');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 1);
    await page.getByRole('button', { name: 'Stop' }).click();
    await toRest(page);
    await dropDocument(page);
    assert.deepEqual(
      service.starts.map((start) => start['key']),
      [undefined, 'wrong', 'secret'],
    );
    assert.equal(await page.evaluate('JSON.stringify(localStorage) + document.cookie'), '{}');
    await page.getByRole('button', { name: 'Forget the key' }).click();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  test('hostile text of the service is shown and does not run', async (t) => {
    const script = [
      {
        atS: 0.1,
        event: {
          ...TOY_TALK.at(-1)!.event,
          text: HOSTILE,
          committed: 5,
          language: HOSTILE,
          revision: 1,
          alternatives: [{ text: `${HOSTILE}!`, recognizerLogProb: -1 }],
          changes: [{ ...SCORES, recognized: HOSTILE, chosen: HOSTILE, offset: 0 }],
        },
      },
      { atS: 0.1, event: { type: 'warning', code: 'w', message: HOSTILE } },
    ];
    const change = { ...SCORES, recognized: HOSTILE, chosen: HOSTILE, offset: 0, by: 'fusion' as const };
    const hostilePage = toyDocumentPage(1, [toyBlock(toyLine(HOSTILE, 10, 10, { changes: [change] }))]);
    const events = { '/v1/documents': [{ type: 'document.page', page: { ...hostilePage, language: HOSTILE } }] };
    const { page } = await opened(t, { script, events });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await toSettle(page, 1);
    assert.equal(await utterances(page).first().textContent(), HOSTILE);
    await page.locator('.utterance .word').first().click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await dropDocument(page);
    await page.locator('#page-text .word').first().click();
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Take the last document' }).click();
    assert.equal(await page.locator('img, script:not([src]), [onerror], [onload]').count(), 0);
    assert.equal(await pwned(page), false);
  });

  test('markup that slipped through could not run: the policy holds', async (t) => {
    const { page } = await opened(t);
    const insert = `(() => { try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned=1">'); return 'inserted'; } catch (error) { return error.name; } })()`;
    assert.equal(await page.evaluate(insert), 'TypeError', 'markup is not made from strings');
    await page.evaluate(`document.body.setAttribute('onclick', 'window.pwned=1')`).catch(() => undefined);
    await page.mouse.click(5, 5);
    assert.equal(await pwned(page), false);
    const load = `new Promise((done) => { const img = new Image(); img.onload = () => done(true); img.onerror = () => done(false); img.src = 'https://example.org/x.png'; })`;
    assert.equal(await page.evaluate(load), false);
    const call = `fetch('https://example.org/').then(() => 'went out', (error) => error.name)`;
    assert.equal(await page.evaluate(call), 'TypeError');
  });

  test('a refusal is told in the words of the service', async (t) => {
    const events = {
      '/v1/documents': [{ type: 'error', error: { code: 'overloaded', message: 'Too many documents.' } }],
    };
    const { page } = await opened(t, { events });
    await page.getByRole('tab', { name: 'Document' }).click();
    await page
      .locator('#document-file')
      .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('x') });
    await page.getByRole('alert').getByText('Too many documents.').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await page.locator('.alert').count(), 0);
  });

  test('everything fits and is legible: desk, tablet, phone and small phone, light and dark, three languages', async (t) => {
    for (const [locale, width, colorScheme] of [
      ['en', 1280, 'light'],
      ['tr', 768, 'dark'],
      ['zh', 390, 'light'],
      ['tr', 390, 'dark'],
      ['en', 320, 'light'],
    ] as const) {
      const where = `${locale} at ${width}, ${colorScheme}`;
      const options = { viewport: { width, height: 844 }, colorScheme, locale };
      const { page } = await opened(t, { script: TOY_TALK, events: DOCUMENT_EVENTS }, options);
      const checked = async (what: string) => {
        assert.equal(await overflow(page), 0, `${what}, ${where}`);
        assert.deepEqual(await auditPage(page), [], `${what}, ${where}`);
      };
      await checked('at first');
      await page.locator('#record').click();
      await toSettle(page, 2);
      await checked('while recording');
      await page.locator('#record').click();
      await page.locator('#record:not(.is-on):enabled').waitFor();
      await page.locator('.word', { hasText: 'weather' }).first().click();
      await checked('with readings');
      await page.locator('.utterance-edit').first().click();
      await page.locator('.editor textarea').fill('the weather was fine today, and tomorrow as well');
      await checked('while correcting');
      await page.locator('.utterance-edit').nth(1).click();
      await page.keyboard.press('Escape');
      await page.locator('.correction ins').first().waitFor();
      await checked('with a correction');
      await dropDocument(page);
      await page.locator('#page-text .is-changed').first().click();
      await checked('with a document');
      await page.getByRole('tab').nth(2).click();
      await page.locator('#compare-talk').click();
      await checked('with a comparison');
    }
  });

  test('the page of the documentation fits a phone', async (t) => {
    const { app } = await toyService();
    t.after(() => app.close());
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    for (const width of [390, 320]) {
      const page = await browser.newPage({ viewport: { width, height: 844 } });
      t.after(() => page.close());
      await page.goto(`${url}/docs`);
      assert.equal(await overflow(page), 0, `at ${width}`);
      assert.deepEqual(await auditPage(page), [], `at ${width}`);
    }
  });

  test('nothing moves for those who asked for that', async (t) => {
    const { page } = await opened(t, { script: TOY_TALK }, { reducedMotion: 'reduce' });
    await page.getByRole('button', { name: 'Start talking' }).click();
    await page.locator('.lamp[data-state=listening]').waitFor();
    const moving = await page.evaluate(
      `[...document.querySelectorAll('*')].filter((e) => { const s = getComputedStyle(e); return s.animationName !== 'none' || s.transitionDuration !== '0s'; }).length`,
    );
    assert.equal(moving, 0);
  });
});

const SCORES = { recognizedLogProb: { recognizer: -1, llm: -2 }, chosenLogProb: { recognizer: -1, llm: -2 } };

/** A window of two segments, as docs/api.md has it. */
const RECORDING_EVENTS = [
  {
    type: 'transcript.text.delta',
    delta: 'Bugün hava güzel. Yarın da.',
    segments: [
      { text: ' Bugün hava güzel.', start: 0, end: 2, fused: {} },
      { text: ' Yarın da.', start: 2, end: 3, fused: {} },
    ],
    words: [
      { word: 'Bugün', start: 0, end: 0.5, probability: 0.95 },
      { word: 'hava', start: 0.5, end: 1, probability: 0.7 },
      { word: 'güzel.', start: 1, end: 2, probability: 0.41 },
      { word: 'Yarın', start: 2, end: 2.5, probability: 0.97 },
      { word: 'da.', start: 2.5, end: 3, probability: 0.2 },
    ],
    fusion: {
      changes: [{ ...SCORES, recognized: ' gizel.', chosen: ' güzel.', offset: 11 }],
      hypotheses: [
        { text: ' Bugün hava güzel. Yarın da.', recognizer_logprob: -2, fused: { llmLogProb: -9 } },
        { text: ' Bugün hava güzeldi. Yarın da.', recognizer_logprob: -3, fused: { llmLogProb: -12 } },
      ],
    },
  },
  {
    type: 'transcript.text.done',
    text: 'Bugün hava güzel. Yarın da.',
    languages: [{ code: 'tr' }],
    warnings: [{ code: 'degraded', message: 'In English.' }],
  },
];

/** Contrast of each line of the legend with the card beneath. */
const LINE_CONTRASTS = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const card = luminance(getComputedStyle(document.querySelector('#talk .legend')).backgroundColor);
  return [...document.querySelectorAll('#talk-certainty [class^=sure]')].map((e) => {
    const line = luminance(getComputedStyle(e).textDecorationColor);
    return (Math.max(line, card) + 0.05) / (Math.min(line, card) + 0.05);
  });
})()`;

async function downloaded(page: Page, name: string): Promise<string> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name, exact: true }).click(),
  ]);
  return readFile(await file.path(), 'utf8');
}

/** The English fixture as a WAV file, which is what the browser plays into its microphone. */
