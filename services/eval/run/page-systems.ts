/**
 * Our page reader under several settings: one process, one copy of each model, which all of them share. It is opened when
 * the first item needs it, so that a finished run is summarized without models, and warmed up by a blank line, so that no
 * item pays for loading.
 */
import { AppError } from '../../../models/core/app-error.ts';
import type { DocumentLine, DocumentPage } from '../../../models/core/document.ts';
import type { Bytefuse, ReadRequest } from '../../app/bytefuse.ts';
import { pageText } from '../../output/document/text.ts';
import type { EvalItem } from '../results.ts';
import type { EvalSystem, SystemOutput } from './eval-system.ts';
import type { PageSetting } from './page-ablation.ts';

export interface PageSystemsOptions {
  readonly open: (signal: AbortSignal) => Promise<Bytefuse>;
  readonly settings: readonly PageSetting[];
  /** What the settings override. */
  readonly base: ReadRequest;
  /** Longest time on one document, in seconds. */
  readonly deadlineS?: number | undefined;
}

/** A PDF's reference is its own text, so it is recognized unless a setting says otherwise. */
const BASE: ReadRequest = { textLayer: 'never' };

export function pageSystems({ open, settings, base, deadlineS }: PageSystemsOptions): EvalSystem[] {
  let opening: Promise<Bytefuse> | undefined;
  const opened = (signal: AbortSignal): Promise<Bytefuse> => {
    opening ??= open(signal);
    return opening;
  };
  return settings.map(({ label, overrides }, number) => {
    const request: ReadRequest = { ...BASE, ...base, ...overrides };
    return {
      name: label,
      settings: { ...request },
      computes: true,
      prepare: async (signal) => {
        await warmUp(await opened(signal), request, signal);
      },
      run: async (item, signal) => {
        const limits = deadlineS === undefined ? [] : [AbortSignal.timeout(deadlineS * 1000)];
        const bytefuse = await opened(signal);
        const pages: DocumentPage[] = [];
        const call = { signal: AbortSignal.any([signal, ...limits]) };
        for await (const { page } of bytefuse.read(mediaOf(item), { ...request, language: languageOf(item) }, call)) {
          pages.push(page);
        }
        return outputOf(pages);
      },
      // The engine is shared: the first system's closing closes it.
      close: async () => {
        if (number === 0) await (await opening?.catch(() => undefined))?.close();
      },
    } satisfies EvalSystem;
  });
}

/** A white PNG of 64 x 32 pixels. */
const BLANK_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAAAgCAAAAACH9iFYAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAKklEQVRIie3QIQEAAAyAMPqX5uIRbi4gAGJ4' +
    'jAZmYAZmkMGGx2hgBj4wGG3P+Gq/TH1aAAAAAElFTkSuQmCC',
  'base64',
);

/** What is read does not matter: sessions are made, and the language model and the table of scripts are loaded. */
async function warmUp(bytefuse: Bytefuse, request: ReadRequest, signal: AbortSignal): Promise<void> {
  const options: ReadRequest = { ...request, language: 'zh', singleLine: 'yes' };
  for await (const _ of bytefuse.read(BLANK_PNG, options, { signal }));
}

function mediaOf({ mediaPath, where }: EvalItem): string {
  if (mediaPath === undefined) throw new AppError('manifest_malformed', `${where}: there is no page`);
  return mediaPath;
}

/** Codes that are no language (`mul`) or none that is known are judged from the page. */
function languageOf({ language }: EvalItem): string {
  const code = language.toLowerCase().split('-')[0]!;
  return /^[a-z]{2}$/u.test(code) ? code : 'auto';
}

function outputOf(pages: readonly DocumentPage[]): SystemOutput {
  const sum = (of: (page: DocumentPage) => number): number => pages.reduce((total, page) => total + of(page), 0);
  const lines = pages.flatMap((page) => page.blocks.flatMap((block) => block.lines.map((line) => ({ page, line }))));
  const stages = Object.keys(pages[0]?.timings ?? {}) as (keyof DocumentPage['timings'])[];
  return {
    text: pages.map(pageText).join('\f'),
    words: lines.flatMap(({ line }) => line.words.map(({ text, confidence }) => ({ text, confidence }))),
    // Pixels of several pages do not compare.
    ...(pages.length > 1
      ? {}
      : { lines: lines.map(({ page, line }) => ({ text: line.text, quad: asGiven(page, line) })) }),
    timings: Object.fromEntries(stages.map((stage) => [stage, sum(({ timings }) => timings[stage])])),
    llmRows: sum(({ stats }) => stats.llmRows),
    llmRowsEager: sum(({ stats }) => stats.llmRowsEager),
  };
}

/** Corners in pixels of the image as it came, where reference boxes lie; ours lie on the page turned upright. */
function asGiven({ turnedDegrees, widthPx, heightPx }: DocumentPage, { quad }: DocumentLine): number[] {
  const corners = [0, 2, 4, 6].map((at) => [quad[at]!, quad[at + 1]!] as const);
  return corners.flatMap(([x, y]) => {
    if (turnedDegrees === 90) return [y, widthPx - x];
    if (turnedDegrees === 180) return [widthPx - x, heightPx - y];
    return turnedDegrees === 270 ? [heightPx - y, x] : [x, y];
  });
}
