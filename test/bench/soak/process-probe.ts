/** What the system knows of a process and its descendants, from /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { statFields } from '../../../models/manifest/process-identity.ts';

export interface ProcessSample {
  readonly pid: number;
  /** `speech`, `page`, `combiner`, `standby` by their titles; `server` for the first; `other` for the rest. */
  readonly role: string;
  readonly residentBytes: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

/** Titles that the supervisor gives its processes. */
const TITLE = /^bytefuse (speech|page|combiner|standby)\b/;

/** The process and all its descendants that are alive, itself first. Empty where it is gone. */
export function sampleProcesses(server: number): ProcessSample[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(readOrEmpty(`/proc/${pid}/stat`)) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found: ProcessSample[] = [];
  const waiting = [server];
  for (let pid = waiting.shift(); pid !== undefined; pid = waiting.shift()) {
    const sample = sampleOf(pid, server);
    if (sample !== undefined) found.push(sample);
    waiting.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** Parent of the process that a line of /proc/PID/stat speaks of; undefined where there is none. */
export function parentOf(stat: string): number | undefined {
  const parent = statFields(stat)[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Resident memory in bytes that a text of /proc/PID/status states; undefined for a process that has ended. */
export function residentBytesOf(status: string): number | undefined {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function sampleOf(pid: number, server: number): ProcessSample | undefined {
  const residentBytes = residentBytesOf(readOrEmpty(`/proc/${pid}/status`));
  if (residentBytes === undefined) return undefined;
  const [, title] = TITLE.exec(readOrEmpty(`/proc/${pid}/cmdline`)) ?? [];
  const role = pid === server ? 'server' : (title ?? 'other');
  try {
    return { pid, role, residentBytes, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

/** Processes end while one looks. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
