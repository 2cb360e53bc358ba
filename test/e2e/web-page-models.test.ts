/** The page against the real service with real models: somebody talks into it, and drops a document on it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromiumPath, microphoneFrom, NO_CHROMIUM, openChromium } from '../support/chromium.ts';
import { pdfBytes, textContent } from '../support/pdf-bytes.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';
import { served } from '../support/served.ts';
import { speechWav } from '../support/speech-wav.ts';

const ready = await Promise.all(['whisper-base', 'gemma-3-270m', 'silero-vad', 'pp-ocrv6'].map(cachedModel));
const skip = (ready.includes(null) && pullHint) || (chromiumPath() === undefined && NO_CHROMIUM);
const SENTENCE = 'The quick brown fox jumps over the lazy dog.';

test('the page hears speech and reads a document with the real models', { skip }, async (t) => {
  const { url } = await served(t, []);
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-page-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const wav = join(folder, 'speech.wav');
  await writeFile(wav, await speechWav());
  const browser = await openChromium(chromiumPath()!, microphoneFrom(wav));
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-US' });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.setDefaultTimeout(120_000);
  await page.goto(url);

  await page.locator('#wish-language').selectOption('en');
  await page.getByRole('button', { name: 'Start talking' }).click();
  await page.locator('.utterance-text[data-stage=fused][data-settled=true]').first().waitFor();
  // The file is played once, silence follows; what is under way is finished by the stop.
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.lamp[data-state=idle]').waitFor();
  const heard = (await page.locator('.utterance-text').allTextContents()).join(' ');
  assert.match(heard, /train leaves/i);
  await shot('talk');

  const recording = { name: 'speech.wav', mimeType: 'audio/wav', buffer: await speechWav() };
  await page.locator('#recording').setInputFiles(recording);
  await page.locator('.utterance-text[data-stage=fused][data-settled=true]').first().waitFor();
  await page.locator('.lamp[data-state=idle]').waitFor();
  assert.match((await page.locator('.utterance-text').allTextContents()).join(' '), /train leaves/i);
  await page.locator('.word').first().click();
  const scores = await page.locator('.readings section').last().locator('tbody tr td').allTextContents();
  assert.ok(scores.length >= 4, 'two readings at least');
  for (const score of scores) assert.match(score, /^−\d+\.\d\d$/);
  await page.locator('.utterance-edit').first().click();
  await page.keyboard.type(' Indeed.');
  await page.keyboard.press('Control+Enter');
  assert.equal(await page.locator('.correction ins').textContent(), 'Indeed.');
  await shot('recording');

  await page.getByRole('tab', { name: 'Document' }).click();
  const buffer = Buffer.from(pdfBytes([{ content: textContent([SENTENCE]) }]));
  await page.locator('#document-file').setInputFiles({ name: 'page.pdf', mimeType: 'application/pdf', buffer });
  await page.locator('#page-text .word').first().waitFor();
  assert.match((await page.locator('#page-text').innerText()).replace(/\s+/g, ' '), /quick brown fox/);
  await shot('document');
  assert.deepEqual(complaints, []);

  /** Pictures for whoever wants to look: BYTEFUSE_TEST_SCREENSHOTS names a folder. */
  async function shot(name: string): Promise<void> {
    const to = process.env['BYTEFUSE_TEST_SCREENSHOTS'];
    if (to) await page.screenshot({ path: join(to, `${name}.png`) });
  }
});
