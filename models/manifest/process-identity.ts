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

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, startTicks: await startTicksOf(process.pid) };
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

/** Field 22 of /proc/PID/stat; null where there is no such file. */
async function startTicksOf(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; fields are counted from behind it (the first one there is field 3).
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
