/**
 * Folders for the length of a run. Their makers remove them; a process that is killed cannot, so the name says whose a
 * folder is, and a later start removes those whose process has ended. The name, not a file inside: there is no moment
 * at which a folder has no owner yet.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, ownIdentity, type ProcessIdentity } from '../../models/manifest/process-identity.ts';

/** Letters that the system adds to a name. */
const RANDOM_CHARS = 6;
const NO_TICKS = 'x';
/** Short, for paths of sockets are. */
const HOST_TAG = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);
const NAME = /^bytefuse-[a-z]+-(\d+)-(\d+|x)-([0-9a-f]{6})-\w{6}$/;

/** Bytes of the longest name: a pid has 7 digits at most, and 12 of ticks are 300 years. */
export function nameBytesMax(what: string): number {
  return `bytefuse-${what}--`.length + 7 + 12 + '-123abc-'.length + RANDOM_CHARS;
}

/** Where folders may lie; the first that exists and will do is taken by whoever needs short paths. */
export function temporaryPlaces(): string[] {
  return [process.env['XDG_RUNTIME_DIR'] ?? '', tmpdir(), '/tmp'].filter((place) => place !== '');
}

/**
 * A new folder that only this user can enter; whoever makes it removes it. `what`: a word in small letters, for people who
 * look. Throws what mkdtemp throws.
 */
export async function makeTemporaryFolder(what: string, place: string = tmpdir()): Promise<string> {
  const { pid, startTicks } = await ownIdentity();
  // mkdtemp gives it mode 0700.
  return mkdtemp(join(place, `bytefuse-${what}-${pid}-${startTicks ?? NO_TICKS}-${HOST_TAG}-`));
}

/**
 * Removes the folders of processes that have ended, of this user and this machine. Never throws: what cannot be removed is
 * left for the next start.
 */
export async function removeAbandonedFolders(places: readonly string[] = temporaryPlaces()): Promise<void> {
  for (const place of new Set(places)) {
    for (const name of await readdir(place).catch(() => [])) {
      const owner = ownerOf(name);
      const path = join(place, name);
      if (owner === null || !(await hasEnded(owner)) || !(await isOurs(path))) continue;
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** Null: no folder of ours, or of another machine, whose processes cannot be asked. */
function ownerOf(name: string): ProcessIdentity | null {
  const [, pid, ticks, host] = NAME.exec(name) ?? [];
  if (pid === undefined || host !== HOST_TAG) return null;
  return { pid: Number(pid), startTicks: ticks === NO_TICKS ? null : ticks! };
}

/** In a folder that everybody may write to, names prove nothing. */
async function isOurs(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    return stats.isDirectory() && (process.getuid === undefined || stats.uid === process.getuid());
  } catch {
    return false;
  }
}
