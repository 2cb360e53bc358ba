/** The options of `bytefuse ocr`: their names, ranges and help, and what they come to. */

import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import type { FieldRule } from '../../models/core/page.ts';
import type { BytefuseOptions, ReadRequest } from '../app/bytefuse.ts';
import { DEVICES } from '../app/compose.ts';
import { fieldRulesFrom } from '../app/field-rules.ts';
import { DEADLINE_SECONDS_MAX, THREADS_MAX } from '../app/limits.ts';
import { defaultReadOptions, LINE_BEAMS_MAX, LLM_WEIGHT_MAX } from '../app/read-defaults.ts';
import { PDF_DPI_MAX, PDF_DPI_MIN } from '../intake/limits.ts';
import { DOCUMENT_FORMATS, type DocumentFormat } from '../output/document/document-writer.ts';
import { numberBetween, oneOf, pageRanges, someOf, wholeNumber } from './option-values.ts';

export interface OcrFlags {
  readonly format: DocumentFormat[];
  readonly outputDir?: string;
  readonly overwrite?: boolean;
  readonly language: string;
  readonly mode: 'greedy' | 'alone' | 'fused' | 'faithful';
  readonly llm?: string;
  readonly llmWeight?: number;
  readonly beams: number;
  readonly nBest: number;
  readonly script: 'hans' | 'hant' | 'keep';
  readonly llmPrompt?: string;
  readonly pages: (readonly [number, number])[];
  readonly dpi: number;
  readonly textLayer: boolean;
  readonly orient: boolean;
  readonly deskew: boolean;
  readonly singleLine: 'auto' | 'yes' | 'no';
  readonly fields?: string;
  readonly explain?: boolean;
  readonly device?: 'cpu' | 'webgpu' | 'cuda';
  readonly threads?: number;
  readonly deadline?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export function addOcrFlags(command: Command): Command {
  const defaults = defaultReadOptions;
  const options = [
    option('-f, --format <list>', `output formats, with commas: ${DOCUMENT_FORMATS.join(', ')}`)
      .argParser(someOf('--format', DOCUMENT_FORMATS))
      .default(['text'], 'text'),
    option('-o, --output-dir <folder>', 'write one file per input and format there, instead of stdout'),
    option('--overwrite', 'replace output files that exist'),
    option('-l, --language <code>', 'ISO 639-1 code of the text, or auto').default(defaults.language),
    option(
      '--mode <mode>',
      'greedy (as recognized), alone (beam search without a language model), fused, or faithful (it may choose only among readings that the recognizer holds likely)',
    )
      .argParser(oneOf('--mode', ['greedy', 'alone', 'fused', 'faithful']))
      .default(defaults.mode),
    option('--llm <name>', 'language model, or none'),
    option(
      '-r, --llm-weight <lambda>',
      'weight of the language model; by default the preset’s for the language',
    ).argParser(numberBetween('--llm-weight', 0, LLM_WEIGHT_MAX)),
    option('--beams <n>', `readings of a line kept in the search, 1 to ${LINE_BEAMS_MAX}`)
      .argParser(wholeNumber('--beams', 1, LINE_BEAMS_MAX))
      .default(defaults.beams),
    option('--n-best <n>', 'readings reported per line (json), 1 to beams')
      .argParser(wholeNumber('--n-best', 1, LINE_BEAMS_MAX))
      .default(defaults.nBest),
    option('--script <script>', 'Chinese output: hans, hant, or keep as printed')
      .argParser(oneOf('--script', ['hans', 'hant', 'keep']))
      .default(defaults.script),
    option('--llm-prompt <text>', 'a sentence on the domain, for the language model'),
    option('--pages <ranges>', 'pages to read, such as 1-3,7').argParser(pageRanges('--pages')).default([], 'all'),
    option('--dpi <n>', 'PDF: dots per inch at which pages are rendered')
      .argParser(numberBetween('--dpi', PDF_DPI_MIN, PDF_DPI_MAX))
      .default(defaults.dpi),
    option(
      '--no-text-layer',
      'PDF: recognize also pages that carry sound text of their own; a searchable PDF then shows pictures of them',
    ),
    option('--no-orient', 'take pages for upright'),
    option('--no-deskew', 'take lines for level'),
    option('--single-line <when>', 'the picture is one line: yes, no, or auto by its shape')
      .argParser(oneOf('--single-line', ['auto', 'yes', 'no']))
      .default(defaults.singleLine),
    option('--fields <file>', 'JSON: fields of the page that only certain strings may fill (docs/ocr.md)'),
    option('--explain', 'show each line where the language model changed the reading; with -o also its picture'),
    option('--device <device>', `where models run: ${DEVICES.join(', ')}`).argParser(oneOf('--device', DEVICES)),
    option('--threads <n>', 'threads that all models share').argParser(wholeNumber('--threads', 1, THREADS_MAX)),
    option('--deadline <seconds>', 'give up on a document after this long').argParser(
      numberBetween('--deadline', 0.1, DEADLINE_SECONDS_MAX),
    ),
    option('-q, --quiet', 'print nothing but results and errors'),
    option('-v, --verbose', 'print what ran where and how long it took'),
  ];
  for (const one of options) command.addOption(one);
  return command;
}

const option = (flags: string, description: string) => new Option(flags, description);

/** Rules between options, where commander sees one at a time. @throws AppError usage, invalid_option */
export function checkOcrFlags(flags: OcrFlags, files: readonly string[]): void {
  const toStdout = flags.outputDir === undefined;
  if (toStdout && flags.format.length > 1) {
    throw new AppError('usage', 'Several formats need --output-dir: stdout takes one.');
  }
  if (toStdout && flags.format[0] === 'pdf' && process.stdout.isTTY) {
    throw new AppError('usage', 'A PDF is not written to a terminal: give --output-dir, or redirect stdout.');
  }
  if (toStdout && files.length > 1 && flags.format[0] !== 'text') {
    throw new AppError('usage', `Several files as ${flags.format[0]} need --output-dir: stdout takes one.`);
  }
  if (toStdout && flags.overwrite) throw new AppError('usage', '--overwrite goes with --output-dir.');
  if (flags.nBest > flags.beams) {
    throw new AppError('invalid_option', `--n-best is ${flags.nBest}; it cannot be above --beams (${flags.beams}).`);
  }
  if (flags.explain && flags.quiet) throw new AppError('usage', '--explain and --quiet exclude each other.');
  if (new Set(files).size < files.length) throw new AppError('usage', 'The same file is named twice.');
}

export function ocrOpenOptionsOf({ llm, llmWeight, mode, device, threads }: OcrFlags): BytefuseOptions {
  // Where the language model is never asked it need not be there.
  const alone = llm === 'none' || llmWeight === 0 || mode === 'greedy' || mode === 'alone';
  return {
    modalities: ['page'],
    ...(alone ? { llm: null } : llm === undefined ? {} : { llm }),
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  };
}

/** @throws AppError invalid_option, file_not_found: of the fields' file */
export function readRequestOf(flags: OcrFlags): ReadRequest {
  const { mode, llm, llmWeight, beams, nBest, script, orient, deskew, singleLine, dpi, pages } = flags;
  return {
    language: flags.language.toLowerCase(),
    // Without a language model, fused means what the recognizer says alone.
    mode: llm === 'none' && (mode === 'fused' || mode === 'faithful') ? 'alone' : mode,
    beams,
    nBest,
    script,
    orient,
    deskew,
    singleLine,
    dpi,
    pages,
    llmPrompt: flags.llmPrompt ?? '',
    textLayer: flags.textLayer ? 'auto' : 'never',
    explain: flags.explain ?? false,
    fields: flags.fields === undefined ? [] : readFields(flags.fields),
    ...(llmWeight === undefined ? {} : { llmWeight }),
  };
}

/** Longest file of fields: a form has tens of them. */
const FIELDS_BYTES_MAX = 4 * 2 ** 20;

function readFields(path: string): FieldRule[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('file_not_found', `The file of fields ${path} cannot be read.`, { cause });
  }
  if (text.length > FIELDS_BYTES_MAX) throw new AppError('invalid_option', `${path} is too long for a file of fields.`);
  return fieldRulesFrom(text, path);
}
