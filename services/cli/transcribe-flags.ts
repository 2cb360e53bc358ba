/** The options of `bytefuse transcribe`: their names, ranges and help, and what they come to. */

import { type Command, Option } from 'commander';
import { PRESETS } from '../../fusion/gfd/presets.ts';
import { AppError } from '../../models/core/app-error.ts';
import { AUDIO_SECONDS_MAX, BEAMS_MAX } from '../../models/core/limits.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import type { BytefuseOptions, TranscribeRequest } from '../app/bytefuse.ts';
import { DEVICES, type RecognizerOptions } from '../app/compose.ts';
import { DEADLINE_SECONDS_MAX, JOBS_MAX, THREADS_MAX } from '../app/limits.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../output/format.ts';
import { parseListenAddress } from '../transport/web-socket-listener.ts';
import { numberBetween, numberList, oneOf, phrases, someOf, wholeNumber } from './option-values.ts';
import { checkPeerUrl, PEER_KEY_VARIABLE } from './recognizer-command.ts';

export interface RecognizerFlags {
  readonly model?: string;
  readonly device?: 'cpu' | 'webgpu' | 'cuda';
  readonly threads?: number;
}

/** Which models decode, and how: what `transcribe` and `eval` have in common. */
export interface DecodingFlags extends RecognizerFlags {
  readonly llm?: string;
  readonly preset: string;
  readonly beams: number;
  readonly temperature: number[];
  readonly prompt?: string;
  readonly hotwords?: string[];
  readonly llmPrompt?: string;
  readonly exact?: boolean;
  readonly vad: boolean;
  readonly allowTruncated?: boolean;
  readonly maxSeconds?: number;
  readonly deadline?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** The options behind `DecodingFlags`, by the names under which commander keeps them. */
export const DECODING_NAMES: ReadonlySet<keyof DecodingFlags> = new Set([
  'model',
  'device',
  'threads',
  'llm',
  'preset',
  'beams',
  'temperature',
  'prompt',
  'hotwords',
  'llmPrompt',
  'exact',
  'vad',
  'allowTruncated',
  'maxSeconds',
  'deadline',
  'quiet',
  'verbose',
]);

/** What commander collects, by the camel-cased names of the options. */
export interface TranscribeFlags extends DecodingFlags {
  readonly format: OutputFormat[];
  readonly outputDir?: string;
  readonly overwrite?: boolean;
  readonly language: string;
  readonly task: 'transcribe' | 'translate';
  readonly llmWeight?: number;
  readonly nBest: number;
  readonly wordTimestamps?: boolean;
  readonly script: 'hans' | 'hant' | 'keep';
  readonly recognizer?: string;
  readonly recognizerListen?: string;
  readonly key?: string;
  readonly explain?: boolean;
  readonly jobs: number;
  readonly seed: number;
}

export function addTranscribeFlags(command: Command): Command {
  for (const one of transcribeOptions()) command.addOption(one);
  return command;
}

/** Of the same options those named, by default all that choose models and decoding. */
export function addDecodingFlags(command: Command, names: ReadonlySet<keyof DecodingFlags> = DECODING_NAMES): Command {
  for (const one of transcribeOptions()) {
    if (names.has(one.attributeName() as keyof DecodingFlags)) command.addOption(one);
  }
  return command;
}

function transcribeOptions(): Option[] {
  const defaults = defaultTranscribeOptions;
  return [
    option('-f, --format <list>', `output formats, with commas: ${OUTPUT_FORMATS.join(', ')}`)
      .argParser(someOf('--format', OUTPUT_FORMATS))
      .default(['text'], 'text'),
    option('-o, --output-dir <folder>', 'write one file per input and format there, instead of stdout'),
    option('--overwrite', 'replace output files that exist'),
    option('-l, --language <code>', 'ISO 639-1 code of what is spoken, or auto').default(defaults.language),
    option('--task <task>', 'transcribe, or translate into English')
      .argParser(oneOf('--task', ['transcribe', 'translate']))
      .default(defaults.task),
    option('-m, --model <name>', 'Whisper model (see: bytefuse models list)'),
    option('--llm <name>', 'language model, or none'),
    option(
      '-r, --llm-weight <r>',
      'weight of the language model, 0 to 1; by default the preset’s for the language',
    ).argParser(numberBetween('--llm-weight', 0, 1)),
    option('--preset <name>', `fusion preset: ${PRESETS.join(', ')}`)
      .argParser(oneOf('--preset', PRESETS))
      .default(defaults.preset),
    option('--beams <n>', `hypotheses kept in the search, 1 to ${BEAMS_MAX}`)
      .argParser(wholeNumber('--beams', 1, BEAMS_MAX))
      .default(defaults.beams),
    option('--n-best <n>', 'hypotheses reported per window (verbose_json), 1 to beams')
      .argParser(wholeNumber('--n-best', 1, BEAMS_MAX))
      .default(defaults.nBest),
    option('--temperature <list>', 'fallback ladder, 0 to 1, with commas')
      .argParser(numberList('--temperature', 0, 1))
      .default(defaults.temperatures, defaults.temperatures.join(',')),
    option('--prompt <text>', 'text before the audio: style and spelling for the recognizer'),
    option('--hotwords <list>', 'names and terms to expect, with commas').argParser(phrases),
    option('--llm-prompt <text>', 'a sentence on the domain, for the language model'),
    option('--word-timestamps', 'find the time of every word'),
    option('--script <script>', 'Chinese output: hans, hant, or keep as recognized')
      .argParser(oneOf('--script', ['hans', 'hant', 'keep']))
      .default(defaults.script),
    option('--exact', 'encode full 30 s windows; slower, and equal to the reference implementation'),
    option('--vad', 'skip stretches without speech').default(defaults.vad),
    option('--no-vad', 'decode everything'),
    ...machineOptions(),
    option('--recognizer <url>', 'use the recognizer that listens there (bytefuse recognizer --listen)'),
    option('--recognizer-listen <address>', 'wait at HOST:PORT, PORT or unix:PATH for a recognizer that dials in'),
    option('--key <text>', `key of that recognizer (better: ${PEER_KEY_VARIABLE})`),
    option('--allow-truncated', 'go on with a file that ends early, and say so'),
    option('--max-seconds <n>', `longest recording; ${AUDIO_SECONDS_MAX} by default`).argParser(
      numberBetween('--max-seconds', 0.1, AUDIO_SECONDS_MAX),
    ),
    option('--explain', 'print each place where the language model changed the outcome, with both scores'),
    option('-j, --jobs <n>', 'recordings under way at once')
      .argParser(wholeNumber('--jobs', 1, JOBS_MAX))
      .default(1),
    option('--seed <n>', 'seed of sampling at temperatures above 0')
      .argParser(wholeNumber('--seed', 0, 2 ** 32 - 1))
      .default(defaults.seed),
    option('--deadline <seconds>', 'give up on a recording after this long').argParser(
      numberBetween('--deadline', 0.1, DEADLINE_SECONDS_MAX),
    ),
    option('-q, --quiet', 'print nothing but results and errors'),
    option('-v, --verbose', 'print what ran where and how long it took'),
  ];
}

/** Which models run, and on what: those of `bytefuse recognizer` too. */
export function addRecognizerFlags(command: Command): Command {
  const flags = [option('-m, --model <name>', 'Whisper model (see: bytefuse models list)'), ...machineOptions()];
  for (const one of flags) command.addOption(one);
  return command;
}

function machineOptions(): Option[] {
  return [
    option('--device <device>', `where models run: ${DEVICES.join(', ')}`).argParser(oneOf('--device', DEVICES)),
    option('--threads <n>', 'threads that all models share; by default the cores that this process may use').argParser(
      wholeNumber('--threads', 1, THREADS_MAX),
    ),
  ];
}

const option = (flags: string, description: string) => new Option(flags, description);

/** Rules between options, where commander sees one at a time. @throws AppError usage, invalid_option */
export function checkFlags(flags: TranscribeFlags, files: readonly string[]): void {
  const toStdout = flags.outputDir === undefined;
  if (toStdout && flags.format.length > 1) {
    throw new AppError('usage', 'Several formats need --output-dir: stdout takes one.');
  }
  const joinable = ['text', 'json', 'verbose_json'];
  if (toStdout && files.length > 1 && !joinable.includes(flags.format[0]!)) {
    throw new AppError('usage', `Several files as ${flags.format[0]} need --output-dir: stdout takes one.`);
  }
  if (toStdout && flags.overwrite) throw new AppError('usage', '--overwrite goes with --output-dir.');
  if (flags.nBest > flags.beams) {
    throw new AppError('invalid_option', `--n-best is ${flags.nBest}; it cannot be above --beams (${flags.beams}).`);
  }
  const { recognizer, recognizerListen } = flags;
  if (recognizer !== undefined && recognizerListen !== undefined) {
    throw new AppError('usage', 'Give either --recognizer or --recognizer-listen.');
  }
  if (recognizer !== undefined) checkPeerUrl('--recognizer', recognizer);
  if (recognizerListen !== undefined) parseListenAddress(recognizerListen);
  if (flags.explain && flags.quiet) throw new AppError('usage', '--explain and --quiet exclude each other.');
  if (new Set(files).size < files.length) throw new AppError('usage', 'The same file is named twice.');
}

/** `note`: takes a line for people, such as the address at which a recognizer is waited for. */
export function openOptionsOf(flags: TranscribeFlags, note: (text: string) => void): BytefuseOptions {
  const { llm, llmWeight, recognizer, recognizerListen } = flags;
  const key = flags.key ?? process.env[PEER_KEY_VARIABLE];
  const shown = key === undefined ? {} : { key };
  const onListening = (url: string): void => note(`Waiting for a recognizer at ${url}`);
  return {
    ...recognizerOptionsOf(flags),
    ...(llm === undefined ? {} : { llm: llm === 'none' ? null : llm }),
    // At r = 0 the language model is never asked, so it need not be there.
    ...(llmWeight === 0 ? { llm: null } : {}),
    ...(recognizer === undefined ? {} : { remote: { dial: recognizer, ...shown } }),
    ...(recognizerListen === undefined ? {} : { remote: { listen: recognizerListen, onListening, ...shown } }),
  };
}

export function recognizerOptionsOf({ model, device, threads }: RecognizerFlags): RecognizerOptions {
  return {
    ...(model === undefined ? {} : { model }),
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  };
}

export function requestOf(flags: TranscribeFlags): TranscribeRequest {
  const { language, task, llmWeight, nBest, script, seed } = flags;
  return {
    ...decodingOf(flags),
    language: language.toLowerCase(),
    task,
    nBest,
    script,
    seed,
    explain: flags.explain ?? false,
    timestamps: flags.wordTimestamps ? 'word' : 'segment',
    ...(llmWeight === undefined ? {} : { llmWeight }),
  };
}

/** The part of a request that `DecodingFlags` decide. */
export function decodingOf(flags: DecodingFlags) {
  const { preset, beams, vad } = flags;
  return {
    preset,
    beams,
    prompt: flags.prompt ?? '',
    hotwords: flags.hotwords ?? [],
    llmPrompt: flags.llmPrompt ?? '',
    vad,
    temperatures: flags.temperature,
    exact: flags.exact ?? false,
    allowTruncated: flags.allowTruncated ?? false,
    ...(flags.maxSeconds === undefined ? {} : { secondsMax: flags.maxSeconds }),
  } satisfies TranscribeRequest;
}
