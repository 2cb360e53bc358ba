import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { makeTemporaryFolder, nameBytesMax, temporaryPlaces } from '../temporary/temporary-folder.ts';
import { SOCKET_PATH_BYTES_MAX } from './limits.ts';

const KIND = 'sockets';
/** Room for the folder's name and the longest one of a socket in it. */
const NAME_BYTES_MAX = 1 + nameBytesMax(KIND) + '/combiner-99999.sock'.length;

/** A folder that only this user can enter, for Unix sockets. */
export class PrivateDirectory {
  readonly path: string;
  #sockets = 0;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes one in the first place that will do: XDG_RUNTIME_DIR, the system's temporary folder, /tmp. Throws usage where
   * none does: the platform has no Unix sockets, the paths are too long for one, or nothing can be written there.
   */
  static async make(
    places: readonly string[] = temporaryPlaces(),
    platform: NodeJS.Platform = process.platform,
  ): Promise<PrivateDirectory> {
    if (platform === 'win32') {
      throw new AppError('usage', 'Model processes need Unix sockets, which Windows lacks here; leave them out.');
    }
    const refusals: string[] = [];
    for (const place of new Set(places)) {
      const refusal = refusalOf(place);
      if (refusal !== undefined) {
        refusals.push(`${place} ${refusal}`);
        continue;
      }
      try {
        return new PrivateDirectory(await makeTemporaryFolder(KIND, place));
      } catch (error) {
        refusals.push(`${place} cannot be written (${(error as NodeJS.ErrnoException).code})`);
      }
    }
    throw new AppError('usage', `No folder for the sockets of model processes: ${refusals.join('; ')}. Set TMPDIR.`);
  }

  /** A path that was never used before. */
  socketPath(name: string): string {
    return join(this.path, `${name}-${++this.#sockets}.sock`);
  }

  /** Removes it with all that is left in it. At once, so that an ending program still gets it done. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function refusalOf(place: string): string | undefined {
  if (Buffer.byteLength(place) + NAME_BYTES_MAX > SOCKET_PATH_BYTES_MAX) {
    return `is too long for a socket's path (${SOCKET_PATH_BYTES_MAX} bytes)`;
  }
  // The path travels in an address, ws+unix:PATH:/, where other characters would mean something else.
  return /^[\w./+@,=-]+$/.test(place) ? undefined : 'has characters that the address of a socket cannot hold';
}
