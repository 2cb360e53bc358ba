/** What the service is told: flags first, then the environment, then the limits' own values. */

import { AppError } from '../../models/core/app-error.ts';
import type { BudgetLimits } from '../keys/key-budgets.ts';
import * as bounds from './limits.ts';

export interface ServiceLimits {
  readonly uploadBytesMax: number;
  readonly audioSecondsMax: number;
  readonly pixelsMax: number;
  readonly pagesMax: number;
  readonly fieldsMax: number;
  readonly fieldBytesMax: number;
  readonly fieldNameBytesMax: number;
  readonly partHeadersMax: number;
  readonly headerBytesMax: number;
  readonly urlCharsMax: number;
  readonly requestsMax: number;
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitingPerKeyMax: number;
  readonly socketsMax: number;
  /** Of sockets, the share of one address; 1 where all come from one. */
  readonly addressShare: number;
  readonly headersMsMax: number;
  readonly requestMsMax: number;
  readonly uploadIdleMsMax: number;
  readonly keepAliveMs: number;
  readonly deadlineMsMax: number;
  readonly slowReaderMsMax: number;
  readonly eventBytesMax: number;
  readonly overlayBytesMax: number;
  readonly heartbeatMs: number;
  readonly drainMsMax: number;
  readonly exitMsMax: number;
}

export const defaultServiceLimits: ServiceLimits = {
  uploadBytesMax: bounds.UPLOAD_BYTES_MAX,
  audioSecondsMax: bounds.AUDIO_SECONDS_MAX,
  pixelsMax: bounds.PIXELS_MAX,
  pagesMax: bounds.PAGES_MAX,
  fieldsMax: bounds.FIELDS_MAX,
  fieldBytesMax: bounds.FIELD_BYTES_MAX,
  fieldNameBytesMax: bounds.FIELD_NAME_BYTES_MAX,
  partHeadersMax: bounds.PART_HEADERS_MAX,
  headerBytesMax: bounds.HEADER_BYTES_MAX,
  urlCharsMax: bounds.URL_CHARS_MAX,
  requestsMax: bounds.REQUESTS_MAX,
  runningMax: bounds.RUNNING_MAX,
  waitingMax: bounds.WAITING_MAX,
  waitingPerKeyMax: bounds.WAITING_PER_KEY_MAX,
  socketsMax: bounds.SOCKETS_MAX,
  addressShare: bounds.ADDRESS_SHARE,
  headersMsMax: bounds.HEADERS_MS_MAX,
  requestMsMax: bounds.REQUEST_MS_MAX,
  uploadIdleMsMax: bounds.UPLOAD_IDLE_MS_MAX,
  keepAliveMs: bounds.KEEP_ALIVE_MS,
  deadlineMsMax: bounds.DEADLINE_MS_MAX,
  slowReaderMsMax: bounds.SLOW_READER_MS_MAX,
  eventBytesMax: bounds.EVENT_BYTES_MAX,
  overlayBytesMax: bounds.OVERLAY_BYTES_MAX,
  heartbeatMs: bounds.HEARTBEAT_MS,
  drainMsMax: bounds.DRAIN_MS_MAX,
  exitMsMax: bounds.EXIT_MS_MAX,
};

export interface ServiceConfig {
  readonly version: string;
  /** Address that is listened at; decides which names of the Host header are ours. */
  readonly host: string;
  /** Further names that the Host header may have. */
  readonly allowHosts: readonly string[];
  /** Origins of other sites that may call; `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Recognized text goes into the log. */
  readonly logText: boolean;
  readonly limits: ServiceLimits;
  /** What each key may use up unless it was given its own; without keys, what this machine may. */
  readonly budget: BudgetLimits;
}

export const defaultServiceConfig: ServiceConfig = {
  version: '0.0.0',
  host: '127.0.0.1',
  allowHosts: [],
  corsOrigins: [],
  logText: false,
  limits: defaultServiceLimits,
  budget: {},
};

/** Limits that the environment may set, in the unit of the limit. */
export const LIMIT_VARIABLES: Readonly<Record<string, keyof ServiceLimits>> = {
  BYTEFUSE_UPLOAD_BYTES_MAX: 'uploadBytesMax',
  BYTEFUSE_AUDIO_SECONDS_MAX: 'audioSecondsMax',
  BYTEFUSE_PIXELS_MAX: 'pixelsMax',
  BYTEFUSE_PAGES_MAX: 'pagesMax',
  BYTEFUSE_REQUESTS_MAX: 'requestsMax',
  BYTEFUSE_RUNNING_MAX: 'runningMax',
  BYTEFUSE_WAITING_MAX: 'waitingMax',
  BYTEFUSE_WAITING_PER_KEY_MAX: 'waitingPerKeyMax',
  BYTEFUSE_SOCKETS_MAX: 'socketsMax',
  BYTEFUSE_REQUEST_MS_MAX: 'requestMsMax',
  BYTEFUSE_UPLOAD_IDLE_MS_MAX: 'uploadIdleMsMax',
  BYTEFUSE_DEADLINE_MS_MAX: 'deadlineMsMax',
  BYTEFUSE_SLOW_READER_MS_MAX: 'slowReaderMsMax',
  BYTEFUSE_DRAIN_MS_MAX: 'drainMsMax',
};

/** Throws usage where a variable holds no whole number above 0. */
export function limitsFrom(env: NodeJS.ProcessEnv, given: Partial<ServiceLimits> = {}): ServiceLimits {
  const set: Partial<Record<keyof ServiceLimits, number>> = {};
  for (const [variable, name] of Object.entries(LIMIT_VARIABLES)) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new AppError('usage', `${variable} is "${text}"; it must be a whole number above 0.`);
    }
    set[name] = value;
  }
  return { ...defaultServiceLimits, ...set, ...given };
}

/** Time for everything of a request with an upload: to arrive, to be worked on, to be read. Nothing of ours is silent for longer. */
export function longestMs({
  requestMsMax,
  deadlineMsMax,
}: Pick<ServiceLimits, 'requestMsMax' | 'deadlineMsMax'>): number {
  return Math.min(bounds.TIMER_MS_MAX, requestMsMax + deadlineMsMax);
}

/** 127.0.0.0/8, ::1 and localhost: nobody else can reach them. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}
