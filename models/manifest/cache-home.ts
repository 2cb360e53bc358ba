/** Where the cache is. */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * `BYTEFUSE_HOME`, else `$XDG_CACHE_HOME/bytefuse`, else `~/.cache/bytefuse` (Windows: `%LOCALAPPDATA%\bytefuse`).
 * The XDG base directory specification says that a relative `XDG_CACHE_HOME` is to be ignored.
 */
export function cacheHome(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env['BYTEFUSE_HOME']) return resolve(env['BYTEFUSE_HOME']);
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'bytefuse');
  const local = env['LOCALAPPDATA'];
  if (platform === 'win32' && local) return join(local, 'bytefuse');
  return join(home, '.cache', 'bytefuse');
}

/** True where `BYTEFUSE_OFFLINE` is set to anything but an empty string, 0, false or no. */
export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  const value = (env['BYTEFUSE_OFFLINE'] ?? '').trim().toLowerCase();
  return !['', '0', 'false', 'no'].includes(value);
}
