/** A Chromium of this machine, for tests that open pages. Nothing is downloaded. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** What a test says when it skips. */
export const NO_CHROMIUM = 'no Chromium on PATH; install one, or name it in BYTEFUSE_TEST_CHROMIUM';

/** Path of the browser, undefined where there is none. */
export function chromiumPath(): string | undefined {
  const named = process.env['BYTEFUSE_TEST_CHROMIUM'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Without a sandbox, which containers often forbid; and without what a browser asks the network for by itself. */
export function openChromium(executablePath: string, further: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...further,
    ],
  });
}

/** Switches for a microphone that plays a WAV file once and then is silent, and for which nobody is asked. */
export function microphoneFrom(wavPath: string): string[] {
  return [
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${wavPath}%noloop`,
  ];
}
