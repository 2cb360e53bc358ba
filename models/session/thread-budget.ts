import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Reads one small file; undefined where it is absent. A parameter, so that tests need no container. */
export type ReadText = (path: string) => string | undefined;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Absent outside Linux and where the controller is not mounted: no quota then.
    return undefined;
  }
};

/**
 * CPU quota of this container in cores (may be fractional), or undefined where there is none.
 * Control groups version 2 (`cpu.max`: quota and period), then version 1.
 */
export function quotaCores(read: ReadText = readText): number | undefined {
  const unified = read('/sys/fs/cgroup/cpu.max');
  if (unified !== undefined) return ratio(...(unified.trim().split(/\s+/) as [string, string?]));
  return ratio(
    read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')?.trim(),
    read('/sys/fs/cgroup/cpu/cpu.cfs_period_us')?.trim(),
  );
}

function ratio(quota: string | undefined, period: string | undefined): number | undefined {
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

/**
 * Threads that all models of this process share: BYTEFUSE_THREADS where set, else the smaller of the machine's cores and
 * the container's quota, at least 1. More threads than quota only take turns, at the price of throttled stretches.
 */
export function threadBudget(
  env: Record<string, string | undefined> = process.env,
  cores = availableParallelism(),
  read: ReadText = readText,
): number {
  const wanted = Number(env['BYTEFUSE_THREADS']);
  if (Number.isInteger(wanted) && wanted > 0) return wanted;
  const quota = quotaCores(read) ?? cores;
  return Math.max(1, Math.min(cores, Math.floor(quota)));
}
