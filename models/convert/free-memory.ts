import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import process from 'node:process';

/**
 * Memory that this process may still take: the machine's, or the container's where that is less. On Linux the page cache
 * counts as free, as it gives way; `os.freemem` alone would call a healthy machine full.
 */
export function availableMemoryBytes(): number {
  const machine = fromMeminfo() ?? freemem();
  const limit = process.constrainedMemory();
  // Without a limit Node answers 0, undefined or a number beyond any machine.
  if (!limit || limit > 2 ** 50) return machine;
  return Math.max(0, Math.min(machine, limit - process.memoryUsage.rss()));
}

function fromMeminfo(): number | undefined {
  try {
    const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    // Not Linux: the caller has another way.
    return undefined;
  }
}
