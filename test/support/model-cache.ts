/** Toy models for the tests of the models room: crafted wheels, a cache in a temporary folder, sources in memory. */

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import type { Artefact, ArtefactFile, WantedFile } from '../../models/manifest/artefact.ts';
import type { ConversionJob, Converter } from '../../models/manifest/converted-model.ts';
import type { FileOrigin, ModelSource } from '../../models/manifest/source.ts';
import { crc32Plain } from '../../models/manifest/wheel-reader.ts';

/** A temporary folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bytefuse-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function gitBlobHex(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Bytes that look random and are the same in every run. */
export function seededBytes(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export function fileOf(path: string, bytes: Uint8Array): ArtefactFile {
  return { path, sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
}

export function wanted(path: string, bytes: Uint8Array): WantedFile {
  return { path, sizeBytes: bytes.length, digest: { algorithm: 'sha256', hex: sha256Hex(bytes) } };
}

export function toyArtefact(name: string, contents: Readonly<Record<string, Uint8Array>>, more = {}): Artefact {
  return {
    name,
    kind: 'llm',
    title: `Toy ${name}`,
    licence: { id: 'MIT', notice: `${name}: MIT` },
    files: Object.entries(contents).map(([path, bytes]) => fileOf(path, bytes)),
    ...more,
  };
}

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** An origin that notes the offsets it was asked for. */
export function memoryOrigin(bytes: Uint8Array, chunkBytes = 1000): FileOrigin & { readonly offsets: number[] } {
  const offsets: number[] = [];
  return {
    label: 'memory',
    attemptsMax: 1,
    offsets,
    async read(offsetBytes) {
      offsets.push(offsetBytes);
      return { startBytes: offsetBytes, chunks: inChunks(bytes.subarray(offsetBytes), chunkBytes) };
    },
  };
}

/** A source that has these files, and counts how often it was opened. */
export function memorySource(
  contents: Readonly<Record<string, Uint8Array>>,
  more: Partial<ModelSource> = {},
): ModelSource & { opened: number } {
  const source = {
    name: 'file' as const,
    remote: false,
    opened: 0,
    workBytes: () => 0,
    async open() {
      source.opened++;
      return {
        phase: 'unpack' as const,
        origin: async (file: WantedFile) => {
          const bytes = contents[file.path];
          return bytes ? memoryOrigin(bytes) : null;
        },
        close: async () => {},
      };
    },
    ...more,
  };
  return source;
}

/** Writes its source files' sizes; counts its runs. */
export function toyConverter(
  version: string,
  work?: (job: ConversionJob) => Promise<void>,
): Converter & { runs: number } {
  const converter = {
    version,
    runs: 0,
    outputBytesMax: (sourceBytes: number) => sourceBytes,
    async convert(job: ConversionJob) {
      converter.runs++;
      await work?.(job);
    },
  };
  return converter;
}

export interface WheelMemberInput {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly stored?: boolean;
  /** What the directory says instead of the truth. */
  readonly declare?: {
    readonly sizeBytes?: number;
    readonly crc?: number;
    readonly method?: number;
    readonly flags?: number;
  };
  /** Writes sizes and offset as zip64 extra fields. */
  readonly zip64?: boolean;
}

/** A zip archive, member by member, also with lies in its directory. */
export function craftWheel(members: readonly WheelMemberInput[], comment = ''): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const packed = member.stored ? Buffer.from(member.bytes) : deflateRawSync(member.bytes);
    const method = member.declare?.method ?? (member.stored ? 0 : 8);
    const crc = member.declare?.crc ?? crc32Plain(member.bytes);
    const sizeBytes = member.declare?.sizeBytes ?? member.bytes.length;
    const name = Buffer.from(member.name);
    const localExtra = Buffer.from([0x99, 0x99, 2, 0, 1, 2]);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(localExtra.length, 28);
    locals.push(local, name, localExtra, packed);
    directory.push(...centralEntry(name, member, { method, crc, sizeBytes, packedBytes: packed.length, offset }));
    offset += local.length + name.length + localExtra.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(Buffer.byteLength(comment), 20);
  return Buffer.concat([...locals, central, end, Buffer.from(comment)]);
}

function centralEntry(
  name: Buffer,
  member: WheelMemberInput,
  facts: { method: number; crc: number; sizeBytes: number; packedBytes: number; offset: number },
): Buffer[] {
  const extra = Buffer.alloc(member.zip64 ? 28 : 0);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(member.declare?.flags ?? 0, 8);
  entry.writeUInt16LE(facts.method, 10);
  entry.writeUInt32LE(facts.crc, 16);
  entry.writeUInt32LE(member.zip64 ? 0xffffffff : facts.packedBytes, 20);
  entry.writeUInt32LE(member.zip64 ? 0xffffffff : facts.sizeBytes, 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(extra.length, 30);
  entry.writeUInt32LE(member.zip64 ? 0xffffffff : facts.offset, 42);
  if (member.zip64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(facts.sizeBytes), 4);
    extra.writeBigUInt64LE(BigInt(facts.packedBytes), 12);
    extra.writeBigUInt64LE(BigInt(facts.offset), 20);
  }
  return [entry, name, extra];
}
