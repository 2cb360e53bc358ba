/** What the cache holds: list, verify, remove. */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Artefact, type CatalogEntry, isPinned, type ModelKind, sourceSizeBytes, wantedOf } from './artefact.ts';
import { convertedName, isMadeFrom, listConverted, verifyConverted } from './converted-model.ts';
import type { ModelRoom } from './model-room.ts';
import type { OnModelProgress } from './progress.ts';
import { type BlobState, type ModelStore, sizeOf } from './store.ts';

/**
 * - `ready`: converted by the converter in use
 * - `downloaded`: its files are there
 * - `partial`: some files, or a part of one
 * - `absent`: nothing
 */
export type ModelState = 'ready' | 'downloaded' | 'partial' | 'absent';

export interface ModelStatus {
  readonly name: string;
  readonly kind: ModelKind;
  readonly title: string;
  /** Of the source files; about, where the hub was not asked yet. */
  readonly sizeBytes: number;
  readonly state: ModelState;
  readonly licence: string;
  /** Ready folders, newest converter only. */
  readonly folders: readonly string[];
}

export async function listModels(room: ModelRoom): Promise<ModelStatus[]> {
  const statuses: ModelStatus[] = [];
  for (const entry of await allEntries(room)) statuses.push(await statusOf(room, entry));
  return statuses;
}

async function statusOf(room: ModelRoom, entry: CatalogEntry): Promise<ModelStatus> {
  const { name, kind, title } = entry;
  const about = { name, kind, title, licence: entry.licence.id };
  if (!isPinned(entry)) return { ...about, sizeBytes: entry.sizeBytesAbout, state: 'absent', folders: [] };
  const version = room.converterOf(kind)?.version;
  const folders = (await listConverted(room.store))
    .filter(({ complete }) => complete.converterVersion === version && isMadeFrom(complete, entry.files))
    .map(({ folder }) => folder);
  const sizeBytes = sourceSizeBytes(entry.files);
  if (folders.length > 0) return { ...about, sizeBytes, state: 'ready', folders };
  let whole = 0;
  let begun = 0;
  for (const file of entry.files) {
    if (await room.store.hasBlob(file)) whole++;
    else if ((await room.store.partialBytes(wantedOf(file))) > 0) begun++;
  }
  const state = whole === entry.files.length ? 'downloaded' : whole + begun > 0 ? 'partial' : 'absent';
  return { ...about, sizeBytes, state, folders };
}

export interface VerifiedFile {
  readonly path: string;
  readonly where: 'source' | 'converted';
  readonly state: BlobState;
}

export interface VerifyReport {
  readonly name: string;
  /**
   * `absent` where the model is not in the cache; `corrupt` where a file is damaged, or missing from a ready folder.
   */
  readonly verdict: 'ok' | 'corrupt' | 'absent';
  readonly files: readonly VerifiedFile[];
}

/** Hashes everything that the cache holds of a model. It changes nothing: `pull` repairs. */
export async function verifyModel(
  room: ModelRoom,
  name: string,
  call: { onProgress?: OnModelProgress | undefined; signal?: AbortSignal | undefined } = {},
): Promise<VerifyReport> {
  const entry = await room.find(name);
  if (!isPinned(entry)) return { name, verdict: 'absent', files: [] };
  const files: VerifiedFile[] = [];
  const totalBytes = sourceSizeBytes(entry.files);
  let before = 0;
  for (const file of entry.files) {
    const start = before;
    const onBytes = (bytes: number): void =>
      call.onProgress?.({ artefact: name, phase: 'verify', doneBytes: start + bytes, totalBytes });
    const state = await room.store.verifyBlob(file, { signal: call.signal, onBytes });
    files.push({ path: file.path, where: 'source', state });
    before += file.sizeBytes;
  }
  for (const { folder, complete } of await listConverted(room.store)) {
    const converter = room.converterOf(complete.kind);
    if (converter?.version !== complete.converterVersion || !isMadeFrom(complete, entry.files)) continue;
    const plan = { artefact: entry, converter, options: complete.options };
    if (room.store.convertedPath(convertedName(plan)) !== folder) continue;
    const verified = await verifyConverted(room.store, plan, call);
    files.push(...(verified?.files ?? []).map((file) => ({ ...file, where: 'converted' as const })));
  }
  return { name, verdict: verdictOf(files), files };
}

function verdictOf(files: readonly VerifiedFile[]): VerifyReport['verdict'] {
  const converted = files.filter((file) => file.where === 'converted');
  const bad = files.some((file) => file.state === 'corrupt') || converted.some((file) => file.state === 'missing');
  if (bad) return 'corrupt';
  return files.some((file) => file.state === 'ok') ? 'ok' : 'absent';
}

/**
 * Removes a model's files, parts and ready folders; what another model in the cache shares with it stays.
 * Returns the bytes that this frees.
 */
export async function removeModel(room: ModelRoom, name: string): Promise<number> {
  const entry = await room.find(name);
  if (!isPinned(entry)) return 0;
  return room.store.withLock(`model-${name}`, async () => {
    const others = await otherModels(room, entry);
    let freedBytes = 0;
    for (const { folder, complete } of await listConverted(room.store)) {
      if (!isMadeFrom(complete, entry.files) || others.some((other) => isMadeFrom(complete, other.files))) continue;
      freedBytes += await folderBytes(folder);
      await rm(folder, { recursive: true, force: true });
    }
    const shared = new Set(others.flatMap((other) => other.files.map((file) => file.sha256)));
    for (const file of entry.files) {
      freedBytes += await room.store.partialBytes(wantedOf(file));
      await room.store.removePartial(wantedOf(file));
      if (shared.has(file.sha256)) continue;
      freedBytes += (await sizeOf(room.store.blobPath(file.sha256))) ?? 0;
      await room.store.removeBlob(file.sha256);
    }
    await room.store.clearWork(name);
    await room.store.removeRecord(name);
    return freedBytes;
  });
}

/** Other models whose files are all in the cache: only they have a claim on shared files. */
async function otherModels(room: ModelRoom, entry: Artefact): Promise<Artefact[]> {
  const others: Artefact[] = [];
  for (const other of await allEntries(room)) {
    if (other.name === entry.name || !isPinned(other)) continue;
    if (await hasAll(room.store, other)) others.push(other);
  }
  return others;
}

async function hasAll(store: ModelStore, artefact: Artefact): Promise<boolean> {
  for (const file of artefact.files) if (!(await store.hasBlob(file))) return false;
  return true;
}

/** The manifest's models first, then the records; a record replaces the hub reference that it pins. */
async function allEntries(room: ModelRoom): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  for (const entry of room.manifest) entries.push(await room.find(entry.name));
  for (const record of await room.store.records()) {
    if (!entries.some((entry) => entry.name === record.name)) entries.push(record);
  }
  return entries;
}

async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(folder, { recursive: true })) total += (await sizeOf(join(folder, name))) ?? 0;
  return total;
}
