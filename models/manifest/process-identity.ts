/** Which process, so that whoever finds what it left can tell whether it still lives. */
import { readFile } from 'node:fs/promises';
import { errnoOf } from './disk-space.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /**
   * Start time of the process in clock ticks since boot (Linux), so that a reused pid is told apart; null elsewhere.
   */
  readonly startTicks: string | null;
}

let own: Promise<ProcessIdentity> | undefined;

/** Asked once: each upload and each try for a lock wants it. */
export function ownIdentity(): Promise<ProcessIdentity> {
  const { pid } = process;
  own ??= startTicksOf(pid).then((startTicks) => ({ pid, startTicks }));
  return own;
}

/** True where the process has ended. Only for processes of this machine. */
export async function hasEnded({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  if (!isAlive(pid)) return true;
  const nowTicks = await startTicksOf(pid);
  return nowTicks !== null && startTicks !== null && nowTicks !== startTicks;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    return errnoOf(error) === 'EPERM';
  }
}

/** Null where there is no such file. */
async function startTicksOf(pid: number): Promise<string | null> {
  try {
    return statFields(await readFile(`/proc/${pid}/stat`, 'utf8'))[19] ?? null;
  } catch {
    return null;
  }
}

/**
 * Fields of a text of /proc/PID/stat from the third on: state, parent, ..., start time in clock ticks (index 19). The name
 * before them stands in parentheses and may hold parentheses and spaces itself.
 */
export function statFields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
