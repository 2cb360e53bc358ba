/** What `bytefuse ocr` does with its files: load the models, read page by page, write as pages finish, go on after a bad one. */

import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import type { DocumentPage } from '../../models/core/document.ts';
import type { Warning } from '../../models/core/stepwise.ts';
import { type Bytefuse, openBytefuse } from '../app/bytefuse.ts';
import { DOCUMENT_ENDINGS, type DocumentFormat } from '../output/document/document-writer.ts';
import { type DocumentOutput, openDocumentOutput, type WriteContent } from '../output/document-output.ts';
import { outputPath, prepareOutputs, writeTogether } from '../output/output-files.ts';
import { removeAbandonedFolders } from '../temporary/temporary-folder.ts';
import {
  EXPLAINED_LINES_MAX,
  type ExplainedLine,
  explainedLines,
  explainHtml,
  explainPageText,
} from './ocr-explain.ts';
import { type OcrFlags, ocrOpenOptionsOf, readRequestOf } from './ocr-flags.ts';
import { formatDuration } from './progress-line.ts';
import type { Reporter } from './reporter.ts';

const EXPLAIN_ENDING = '.explain.html';

export class OcrRun {
  readonly #files: readonly string[];
  readonly #flags: OcrFlags;
  readonly #reporter: Reporter;
  readonly #signal: AbortSignal;
  readonly #failures: AppError[] = [];

  constructor(files: readonly string[], flags: OcrFlags, reporter: Reporter, signal: AbortSignal) {
    this.#files = files;
    this.#flags = flags;
    this.#reporter = reporter;
    this.#signal = signal;
  }

  /** Returns the exit status: 0, or that of the worst failure. Throws where no document can be read at all. */
  async run(): Promise<number> {
    const { outputDir, overwrite = false } = this.#flags;
    // Before models are loaded for nothing.
    const request = readRequestOf(this.#flags);
    if (outputDir !== undefined) await prepareOutputs(outputDir, this.#files, this.#endings(), overwrite);
    await removeAbandonedFolders();
    const bytefuse = await this.#open();
    try {
      for (const file of this.#files) {
        try {
          await this.#read(bytefuse, file, request);
        } catch (error) {
          if (this.#signal.aborted) throw AppError.from(this.#signal.reason, 'canceled');
          this.#fail(file, error);
        }
      }
    } finally {
      await bytefuse.close();
    }
    if (this.#files.length > 1) {
      const failed = this.#failures.length;
      this.#reporter.summary(
        `${this.#files.length - failed} of ${this.#files.length} documents read, ${failed} failed.`,
      );
    }
    return Math.max(0, ...this.#failures.map((failure) => failure.kind.exit));
  }

  #endings(): string[] {
    const endings = this.#flags.format.map((format) => DOCUMENT_ENDINGS[format]);
    return this.#flags.explain ? [...endings, EXPLAIN_ENDING] : endings;
  }

  #fail(file: string, error: unknown): void {
    const failure = AppError.from(error);
    this.#failures.push(failure);
    this.#reporter.failed(file, failure);
    if (failure.code === 'internal' && failure.cause instanceof Error)
      this.#reporter.detail(String(failure.cause.stack));
  }

  async #open(): Promise<Bytefuse> {
    const startedMs = performance.now();
    const bytefuse = await openBytefuse({
      ...ocrOpenOptionsOf(this.#flags),
      signal: this.#signal,
      onModelProgress: (progress) => this.#reporter.model(progress),
      onNotice: (model, text) => this.#reporter.notice(model, text),
    });
    const { pages, llm, device, threads } = bytefuse.facts;
    this.#reporter.detail(
      `Ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s: recognizer ${pages}, ` +
        `language model ${llm ?? 'none'}, device ${device}, ${threads} threads.`,
    );
    return bytefuse;
  }

  async #read(bytefuse: Bytefuse, file: string, request: ReturnType<typeof readRequestOf>): Promise<void> {
    const { outputDir, format, overwrite = false, explain, textLayer } = this.#flags;
    const outputs = outputDir === undefined ? [] : this.#endings().map((ending) => outputPath(outputDir, file, ending));
    const explained: ExplainedLine[] = [];
    if (outputDir === undefined) {
      const several = this.#files.length > 1;
      if (several) await this.#print(`==> ${file} <==\n`);
      const output = await openOutput(format[0]!, file, textLayer, (content) => this.#print(content));
      await this.#pages(bytefuse, file, request, [output], explained);
      return;
    }
    await writeTogether(outputs, overwrite, async (files) => {
      const all = await Promise.all(
        format.map((one, i) => openOutput(one, file, textLayer, (content) => files[i]!.write(content))),
      );
      const changed = await this.#pages(bytefuse, file, request, all, explained, outputs);
      if (explain) await files.at(-1)!.write(explainHtml(basename(file), explained, changed - explained.length));
    });
  }

  /** Returns how many lines fusion changed. */
  async #pages(
    bytefuse: Bytefuse,
    file: string,
    request: ReturnType<typeof readRequestOf>,
    outputs: readonly DocumentOutput[],
    explained: ExplainedLine[],
    paths: readonly string[] = [],
  ): Promise<number> {
    const { deadline, explain, outputDir } = this.#flags;
    const limits = deadline === undefined ? [] : [AbortSignal.timeout(deadline * 1000)];
    const startedMs = performance.now();
    const tally = { pages: 0, ownText: 0, turned: 0, changed: 0, totalPages: 1 };
    const warnings = new Map<string, Warning>();
    const show = () =>
      this.#reporter.document(file, {
        donePages: tally.pages,
        totalPages: tally.totalPages,
        elapsedMs: performance.now() - startedMs,
      });
    for (const output of outputs) await output.begin();
    const results = bytefuse.read(file === '-' ? process.stdin : file, request, {
      signal: AbortSignal.any([this.#signal, ...limits]),
      onOpen: ({ pageNumbers }) => {
        tally.totalPages = pageNumbers.length;
        show();
      },
    });
    for await (const result of results) {
      const { page, image } = result;
      for (const output of outputs) await output.page(result);
      tally.pages++;
      if (page.source === 'text-layer') tally.ownText++;
      if (page.turnedDegrees !== 0) tally.turned++;
      tally.changed += changedLines(page);
      for (const warning of page.warnings) warnings.set(warning.code, warning);
      if (explain) {
        this.#reporter.clear();
        process.stderr.write(explainPageText(file, page));
        if (outputDir !== undefined) {
          explained.push(...(await explainedLines(page, image, EXPLAINED_LINES_MAX - explained.length)));
        }
      }
      this.#reporter.detail(timesText(file, page));
      show();
    }
    for (const output of outputs) await output.end([...warnings.values()]);
    this.#reporter.clear();
    const elapsed = formatDuration((performance.now() - startedMs) / 1000);
    const facts = [
      `${tally.pages} ${tally.pages === 1 ? 'page' : 'pages'} in ${elapsed}`,
      ...(tally.ownText > 0 ? [`${tally.ownText} with text of their own, taken as it is`] : []),
      ...(tally.turned > 0 ? [`${tally.turned} turned upright`] : []),
      ...(tally.changed > 0 ? [`${tally.changed} lines changed by the language model`] : []),
    ];
    const told = [...warnings.values()].filter(({ code }) => code !== 'text_layer_used');
    this.#reporter.read(file, facts.join(', ') + (paths.length > 0 ? ` -> ${paths.join(', ')}` : ''), told);
    return tally.changed;
  }

  async #print(content: string | Uint8Array): Promise<void> {
    this.#reporter.clear();
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(content, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** `ownText`: pages may keep text of their own; where they may not, they are drawn anew, or it would be there twice. */
async function openOutput(
  format: DocumentFormat,
  file: string,
  ownText: boolean,
  write: WriteContent,
): Promise<DocumentOutput> {
  const name = file === '-' ? '' : basename(file);
  const pdfPath = format === 'pdf' && ownText && (await isPdf(file)) ? file : null;
  return openDocumentOutput(format, { name, pdfPath }, write);
}

async function isPdf(file: string): Promise<boolean> {
  if (file === '-') return false;
  const handle = await open(file).catch(() => null);
  if (handle === null) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    return buffer.subarray(0, bytesRead).includes('%PDF-');
  } finally {
    await handle.close();
  }
}

function changedLines(page: DocumentPage): number {
  return page.blocks.reduce((sum, { lines }) => sum + lines.filter(({ changes }) => changes.length > 0).length, 0);
}

function timesText(file: string, { number, timings, stats }: DocumentPage): string {
  const seconds = (valueMs: number) => `${(valueMs / 1000).toFixed(2)} s`;
  return (
    `${file}, page ${number}: decode ${seconds(timings.decodeMs)}, detect ${seconds(timings.detectMs)}, ` +
    `orient ${seconds(timings.orientMs)}, recognize ${seconds(timings.recognizeMs)}, search ${seconds(timings.searchMs)} ` +
    `of which language model ${seconds(timings.llmMs)} (${stats.llmRows} rows in ${stats.llmCalls} calls)`
  );
}
