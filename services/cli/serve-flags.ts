/** The options of `bytefuse serve`: their names, ranges and help, and what they come to. */

import { type Command, Option } from 'commander';
import { AppError } from '../../models/core/app-error.ts';
import type { BytefuseOptions } from '../app/bytefuse.ts';
import type { BudgetLimits } from '../keys/key-budgets.ts';
import { isLoopback, limitsFrom, type ServiceConfig, type ServiceLimits } from '../server/config.ts';
import type { TlsFiles } from '../server/tls-identity.ts';
import { numberBetween, oneOf, wholeNumber } from './option-values.ts';
import { addRecognizerFlags, type RecognizerFlags, recognizerOptionsOf } from './transcribe-flags.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export interface ServeFlags extends RecognizerFlags {
  readonly host: string;
  readonly port: number;
  readonly llm?: string;
  readonly ocr: boolean;
  readonly speech: boolean;
  readonly requireKeys?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowHost: string[];
  readonly corsOrigin: string[];
  readonly uploadBytes?: number;
  readonly audioSeconds?: number;
  readonly pixels?: number;
  readonly pages?: number;
  readonly addressShare?: number;
  readonly running?: number;
  readonly waiting?: number;
  readonly drain?: number;
  readonly liveLoad?: number;
  readonly rateRequests?: number;
  readonly rateAudio?: number;
  readonly ratePixels?: number;
  readonly logLevel: (typeof LEVELS)[number];
  readonly logText?: boolean;
}

/** Where it is reached unless told otherwise. */
export const DEFAULT_PORT = 8080;
const BIG = Number.MAX_SAFE_INTEGER;

export function addServeFlags(command: Command): Command {
  addRecognizerFlags(command);
  const options = [
    option('--host <address>', 'address to listen at; any but this machine’s own needs keys (bytefuse keys)').default(
      '127.0.0.1',
    ),
    option('-p, --port <n>', 'port to listen at; 0 takes a free one')
      .argParser(wholeNumber('--port', 0, 65_535))
      .default(DEFAULT_PORT),
    option('--llm <name>', 'language model, or none'),
    option('--no-ocr', 'do not read documents'),
    option('--no-speech', 'do not recognize speech'),
    option('--require-keys', 'want keys on this machine too'),
    option('--tls-cert <file>', 'serve HTTPS and wss:// with this certificate (PEM); with --tls-key'),
    option('--tls-key <file>', 'key of the certificate (PEM)'),
    option('--allow-host <name>', 'a name under which this service is reached; may be repeated')
      .argParser(collect)
      .default([], 'names of this machine'),
    option('--cors-origin <origin>', 'an origin whose pages may call, or *; may be repeated')
      .argParser(collect)
      .default([], 'none'),
    whole('--upload-bytes <n>', 'largest upload'),
    whole('--audio-seconds <n>', 'longest recording, decoded'),
    whole('--pixels <n>', 'largest page'),
    whole('--pages <n>', 'pages of one request'),
    option(
      '--address-share <share>',
      'of all connections that one address may hold; 1 behind a reverse proxy',
    ).argParser(numberBetween('--address-share', 0.001, 1)),
    whole('--running <n>', 'requests of one kind in the models at once'),
    whole('--waiting <n>', 'requests of one kind that wait for them'),
    option('--live-load <share>', 'of the recognizer’s time that live streams may be expected to take').argParser(
      numberBetween('--live-load', 0.01, 100),
    ),
    option('--drain <seconds>', 'time to finish running requests when ending').argParser(
      numberBetween('--drain', 0.001, 3600),
    ),
    whole('--rate-requests <n>', 'requests a minute of each key'),
    whole('--rate-audio <n>', 'seconds of audio an hour of each key'),
    whole('--rate-pixels <n>', 'pixels an hour of each key'),
    option('--log-level <level>', `what is logged: ${LEVELS.join(', ')}`)
      .argParser(oneOf('--log-level', LEVELS))
      .default('info'),
    option('--log-text', 'recognized text goes into the log; it does not otherwise'),
  ];
  for (const one of options) command.addOption(one);
  return command;
}

const option = (flags: string, description: string) => new Option(flags, description);

function whole(flags: string, description: string): Option {
  return option(flags, description).argParser(wholeNumber(flags.split(' ')[0]!, 1, BIG));
}

function collect(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

/** @throws AppError usage */
export function configOf(flags: ServeFlags, env: NodeJS.ProcessEnv, version: string): ServiceConfig {
  const { host, allowHost, corsOrigin, logText = false } = flags;
  for (const origin of corsOrigin) {
    if (origin !== '*' && !/^https?:\/\/[^/?#]+$/.test(origin)) {
      throw new AppError('usage', `--cors-origin ${origin}: give scheme and host, such as https://app.example, or *.`);
    }
  }
  const given: Partial<Record<keyof ServiceLimits, number | undefined>> = {
    uploadBytesMax: flags.uploadBytes,
    audioSecondsMax: flags.audioSeconds,
    pixelsMax: flags.pixels,
    pagesMax: flags.pages,
    // At an address of this machine all come from one: a user, or a reverse proxy.
    addressShare: flags.addressShare ?? (isLoopback(host) ? 1 : undefined),
    runningMax: flags.running,
    waitingMax: flags.waiting,
    drainMsMax: flags.drain === undefined ? undefined : flags.drain * 1000,
  };
  const budget: Record<keyof BudgetLimits, number | undefined> = {
    requestsPerMinute: flags.rateRequests,
    audioSecondsPerHour: flags.rateAudio,
    pixelsPerHour: flags.ratePixels,
  };
  return {
    version,
    host,
    allowHosts: allowHost,
    corsOrigins: corsOrigin,
    logText,
    limits: limitsFrom(env, present(given)),
    budget: present(budget),
  };
}

/** @throws AppError usage */
export function tlsFilesOf({ tlsCert, tlsKey }: ServeFlags): TlsFiles | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new AppError('usage', 'TLS takes both a certificate and its key: give --tls-cert and --tls-key.');
  }
  return { certPath: tlsCert, keyPath: tlsKey };
}

/** @throws AppError usage */
export function modelOptionsOf(flags: ServeFlags): BytefuseOptions {
  const { llm, ocr, speech, liveLoad } = flags;
  if (!speech && !ocr) throw new AppError('usage', '--no-speech and --no-ocr leave nothing to serve.');
  return {
    ...recognizerOptionsOf(flags),
    ...(liveLoad === undefined ? {} : { liveLoadMax: liveLoad }),
    modalities: [...(speech ? (['speech'] as const) : []), ...(ocr ? (['page'] as const) : [])],
    ...(llm === undefined ? {} : { llm: llm === 'none' ? null : llm }),
  };
}

/** Without what is undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
