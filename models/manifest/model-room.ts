/**
 * The models room from outside: give a name, get the folder of a ready model. Read this file first. A transcription
 * calls `ensure`; the rest is what `bytefuse models` does. Listing, verifying and removing are in model-inventory.ts.
 */

import { rm } from 'node:fs/promises';
import { AppError } from '../core/app-error.ts';
import {
  type Artefact,
  type ArtefactFile,
  artefactName,
  type CatalogEntry,
  type HubSpec,
  isPinned,
  type ModelKind,
  sourceSizeBytes,
  type WantedFile,
  wantedOf,
} from './artefact.ts';
import { cacheHome, isOffline } from './cache-home.ts';
import { hashFile } from './content-hash.ts';
import {
  COPY_CONVERTER,
  type ConversionPlan,
  type Converter,
  type Converters,
  type ConvertOptions,
  convertedName,
  convertModel,
  findConverted,
  verifyConverted,
} from './converted-model.ts';
import { fileSource, localOrigin } from './file-source.ts';
import { hubSource, resolveHubModel } from './hub-source.ts';
import { inspectLocalModel, type LocalModel } from './local-model.ts';
import { MANIFEST } from './manifest.ts';
import { obtainFiles } from './obtain-files.ts';
import { pipSource } from './pip-source.ts';
import type { OnModelProgress } from './progress.ts';
import { type ModelSource, parseSourceOrder } from './source.ts';
import { ModelStore } from './store.ts';

export interface RoomOptions {
  readonly store: ModelStore;
  readonly sources: readonly ModelSource[];
  readonly converters?: Converters | undefined;
  readonly manifest?: readonly CatalogEntry[] | undefined;
  readonly offline?: boolean | undefined;
  /** For the hub's address and token. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly onProgress?: OnModelProgress | undefined;
  /** Called once per model, at its first download; it informs and never blocks. */
  readonly onNotice?: ((artefact: string, notice: string) => void) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Options of the converter; part of what makes a ready folder. */
  readonly convertOptions?: ConvertOptions | undefined;
}

export interface PulledModel {
  readonly name: string;
  readonly kind: ModelKind;
  /** The ready folder; null where no converter for this kind was given, or none was wanted. */
  readonly folder: string | null;
}

/** Sources in the order of `order` or BYTEFUSE_SOURCES, else file, pip, hub; folders from `from` and BYTEFUSE_FILES. */
export function sourcesFrom(
  env: NodeJS.ProcessEnv,
  given: { order?: string | undefined; from?: readonly string[] | undefined } = {},
): ModelSource[] {
  const listed = (env['BYTEFUSE_FILES'] ?? '').split(process.platform === 'win32' ? ';' : ':');
  const folders = [...(given.from ?? []), ...listed.filter((folder) => folder !== '')];
  const order = parseSourceOrder(given.order ?? (env['BYTEFUSE_SOURCES'] || DEFAULT_ORDER));
  return order.map((name) => {
    if (name === 'file') return fileSource(folders);
    return name === 'pip' ? pipSource({ env }) : hubSource({ env });
  });
}

/** Nearest first; pip before the hub, since every default model is pinned there. */
const DEFAULT_ORDER = 'file,pip,hub';

/** A room as the environment describes it. */
export function openModelRoom(
  given: Partial<RoomOptions> & { order?: string | undefined; from?: readonly string[] | undefined } = {},
): ModelRoom {
  const env = given.env ?? process.env;
  return new ModelRoom({
    ...given,
    env,
    store: given.store ?? new ModelStore({ root: cacheHome(env) }),
    sources: given.sources ?? sourcesFrom(env, given),
    offline: given.offline ?? isOffline(env),
  });
}

export class ModelRoom {
  readonly store: ModelStore;
  readonly manifest: readonly CatalogEntry[];
  readonly #options: RoomOptions;

  constructor(options: RoomOptions) {
    this.store = options.store;
    this.manifest = options.manifest ?? MANIFEST;
    this.#options = options;
  }

  /**
   * The folder of a ready model: found at once where it was made before (nothing is written or locked then), else
   * downloaded and converted.
   * @throws AppError `model_unknown`, and everything that `pull` throws
   */
  async ensure(name: string, call: CallOptions = {}): Promise<string> {
    const pinned = await this.find(name);
    const converter = this.converterOf(pinned.kind);
    if (!converter) throw new Error(`no converter for ${pinned.kind} was given to the models room`);
    if (isPinned(pinned)) {
      const ready = await findConverted(this.store, this.plan(pinned, call.convertOptions));
      if (ready) return ready;
    }
    return this.store.withLock(
      `model-${name}`,
      async () => {
        const artefact = isPinned(pinned) ? pinned : await this.#resolveReference(pinned.name, call.signal);
        const missing: ArtefactFile[] = [];
        for (const file of artefact.files) if (!(await this.store.hasBlob(file))) missing.push(file);
        await this.#obtain(artefact, missing, converter, call.signal);
        return this.#convertRepairing(artefact, call);
      },
      this.#waiting(name, call.signal),
    );
  }

  /**
   * Brings a model in and makes it ready, checking by hash whatever is there already: it repairs a damaged cache.
   * @throws AppError of the sources (see obtainFiles), `model_unknown`, `disk_full`, `cache_unwritable`, `canceled`,
   *   and what the converter throws
   */
  async pull(name: string, call: CallOptions & { convert?: boolean } = {}): Promise<PulledModel> {
    const entry = await this.find(name);
    return this.store.withLock(
      `model-${name}`,
      async () => {
        const artefact = isPinned(entry) ? entry : await this.#resolveReference(name, call.signal);
        const missing = await this.#missingByHash(artefact, call.signal);
        const converter = call.convert === false ? undefined : this.converterOf(artefact.kind);
        await this.#obtain(artefact, missing, converter, call.signal);
        if (!converter) return { name, kind: artefact.kind, folder: null };
        await this.#dropDamaged(artefact, call);
        return { name, kind: artefact.kind, folder: await this.#convertRepairing(artefact, call) };
      },
      this.#waiting(name, call.signal),
    );
  }

  /**
   * Pulls `hub:OWNER/REPO@COMMIT`. Where its bytes are those of a known model, it counts as that one.
   * @throws AppError `model_format` where the repository holds no model that we read; `source_offline`; as `pull`
   */
  async pullHub(
    spec: HubSpec,
    call: CallOptions & { convert?: boolean; name?: string | undefined } = {},
  ): Promise<PulledModel> {
    const own = spec.file ? spec.file.replace(/^.*\/|\.gguf$/gi, '') : spec.repo.slice(spec.repo.indexOf('/') + 1);
    const name = artefactName(call.name ?? own);
    await this.#requireFreeName(name, ({ hub }) => hub?.repo === spec.repo && hub.commit === spec.commit);
    await this.store.withLock(
      `model-${name}`,
      () => this.#resolveHub(name, spec, null, call.signal),
      this.#waiting(name, call.signal),
    );
    return this.pull((await this.#knownTwin(name)) ?? name, call);
  }

  /**
   * Takes a model from the user's disk: a CTranslate2 Whisper folder or a GGUF file. The files are copied, so the
   * original may go. Where the bytes are those of a known model, it counts as that one.
   * @throws AppError of inspectLocalModel; `invalid_option` where the name is taken; as `pull`
   */
  async importPath(
    path: string,
    call: CallOptions & { convert?: boolean; name?: string | undefined } = {},
  ): Promise<PulledModel> {
    const local = await inspectLocalModel(path);
    const name = artefactName(call.name ?? local.suggestedName);
    const files = await this.#hashLocal(name, local, call.signal);
    const known = call.name === undefined ? this.#knownWith(files) : null;
    if (!known) await this.#requireFreeName(name, (record) => sameFiles(record.files, files));
    const converter = call.convert === false ? undefined : this.converterOf(local.kind);
    const missing: ArtefactFile[] = [];
    for (const file of files) if (!(await this.store.hasBlob(file))) missing.push(file);
    const laterBytes = converter?.outputBytesMax(sourceSizeBytes(files)) ?? 0;
    await this.store.requireSpace(sourceSizeBytes(missing) + laterBytes, `Importing ${name}`);
    const totalBytes = sourceSizeBytes(files);
    let before = 0;
    for (const [i, file] of files.entries()) {
      const start = before;
      await this.store.addBlob(wantedOf(file), localOrigin(local.files[i]!.sourcePath), {
        signal: call.signal,
        onBytes: (bytes) => this.#report(known ?? name, 'unpack', start + bytes, totalBytes),
      });
      before += file.sizeBytes;
    }
    if (!known) {
      const licence = { id: 'unknown', notice: `${name} was imported from a local file; its own licence applies.` };
      await this.store.writeRecord({ name, kind: local.kind, title: `Imported from ${path}`, licence, files });
    }
    return this.pull(known ?? name, call);
  }

  /**
   * Converts a model whose files are in the cache, without any download.
   * @throws AppError `model_missing`, `model_corrupt`, `disk_full`, and what the converter throws
   */
  async convert(name: string, call: CallOptions & { force?: boolean } = {}): Promise<string> {
    const artefact = await this.find(name);
    if (!isPinned(artefact)) throw new AppError('model_missing', `${name} was not downloaded yet.`);
    const plan = this.plan(artefact, call.convertOptions);
    return this.store.withLock(
      `model-${name}`,
      async () => {
        if (call.force) await this.#removeFolder(plan);
        return convertModel(this.store, plan, { onProgress: this.#options.onProgress, signal: call.signal });
      },
      this.#waiting(name, call.signal),
    );
  }

  /**
   * A model by name: pinned by hashes where that is known (manifest or record), else by its hub commit.
   * @throws AppError `model_unknown`, with the names that are known
   */
  async find(name: string): Promise<CatalogEntry> {
    const known = this.manifest.find((entry) => entry.name === name);
    if (known && isPinned(known)) return known;
    const record = await this.store.record(name);
    if (record && (!known || record.hub?.commit === known.hub?.commit)) return record;
    if (known) return known;
    const names = [...this.manifest, ...(await this.store.records())].map((entry) => entry.name);
    throw new AppError('model_unknown', `There is no model ${name}; known are ${[...new Set(names)].join(', ')}.`);
  }

  converterOf(kind: ModelKind): Converter | undefined {
    return this.#options.converters?.[kind] ?? (kind === 'vad' || kind === 'ocr' ? COPY_CONVERTER : undefined);
  }

  /** @throws Error where the kind has no converter: a broken composition, not a user's mistake. */
  plan(artefact: Artefact, options: ConvertOptions = {}): ConversionPlan {
    const converter = this.converterOf(artefact.kind);
    if (!converter) throw new Error(`no converter for ${artefact.kind} was given to the models room`);
    return { artefact, converter, options };
  }

  async #obtain(
    artefact: Pick<Artefact, 'name' | 'pip' | 'hub' | 'hubHint' | 'licence'>,
    missing: readonly ArtefactFile[],
    converter: Converter | undefined,
    signal: AbortSignal | undefined,
    laterBytes = converter?.outputBytesMax(sourceSizeBytes(missing)) ?? 0,
  ): Promise<void> {
    if (missing.length === 0) return;
    await this.#notice(artefact.name, artefact.licence.notice);
    await obtainFiles({ artefact, files: missing.map(wantedOf) }, { ...this.#obtainOptions(signal), laterBytes });
  }

  #obtainOptions(signal: AbortSignal | undefined): Parameters<typeof obtainFiles>[1] {
    const { store, sources, onProgress } = this.#options;
    return { store, sources, offline: this.#options.offline ?? false, onProgress, signal };
  }

  async #notice(name: string, notice: string): Promise<void> {
    if (await this.store.markNotice(name)) this.#options.onNotice?.(name, notice);
  }

  /** A conversion finds a damaged blob by its hash: that blob is fetched anew, once. */
  async #convertRepairing(artefact: Artefact, call: CallOptions): Promise<string> {
    const plan = this.plan(artefact, call.convertOptions);
    const convertCall = { onProgress: this.#options.onProgress, signal: call.signal };
    try {
      return await convertModel(this.store, plan, convertCall);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'model_corrupt') throw error;
      const missing = await this.#missingByHash(artefact, call.signal);
      if (missing.length === 0) throw error;
      await this.#obtain(artefact, missing, plan.converter, call.signal);
      return convertModel(this.store, plan, convertCall);
    }
  }

  /** Files that the cache lacks or has damaged; damaged ones are removed. */
  async #missingByHash(artefact: Artefact, signal: AbortSignal | undefined): Promise<ArtefactFile[]> {
    const missing: ArtefactFile[] = [];
    const totalBytes = sourceSizeBytes(artefact.files);
    let before = 0;
    for (const file of artefact.files) {
      const start = before;
      const onBytes = (bytes: number): void => this.#report(artefact.name, 'verify', start + bytes, totalBytes);
      const state = await this.store.verifyBlob(file, { signal, onBytes });
      if (state === 'corrupt') await this.store.removeBlob(file.sha256);
      if (state !== 'ok') missing.push(file);
      before += file.sizeBytes;
    }
    return missing;
  }

  /** Removes a ready folder that is not what its complete.json says. */
  async #dropDamaged(artefact: Artefact, call: CallOptions): Promise<void> {
    const plan = this.plan(artefact, call.convertOptions);
    const verified = await verifyConverted(this.store, plan, {
      onProgress: this.#options.onProgress,
      signal: call.signal,
    });
    if (verified?.files.some((file) => file.state !== 'ok')) await this.#removeFolder(plan);
  }

  async #removeFolder(plan: ConversionPlan): Promise<void> {
    await rm(this.store.convertedPath(convertedName(plan)), { recursive: true, force: true });
  }

  /** A hub reference of the manifest becomes a record with hashes. The caller holds the model's lock. */
  async #resolveReference(name: string, signal: AbortSignal | undefined): Promise<Artefact> {
    const entry = await this.find(name);
    if (isPinned(entry)) return entry;
    return this.#resolveHub(name, { ...entry.hub, file: null }, entry, signal);
  }

  async #resolveHub(
    name: string,
    spec: HubSpec,
    entry: Pick<CatalogEntry, 'title' | 'licence'> | null,
    signal: AbortSignal | undefined,
  ): Promise<Artefact> {
    if (this.#options.offline) {
      throw new AppError('source_offline', `${name} must be asked for at the hub, and offline mode is on.`);
    }
    if (!this.#options.sources.some((source) => source.name === 'hub')) {
      throw new AppError(
        'source_unavailable',
        `${name} comes from the hub only, and the order of sources leaves it out.`,
      );
    }
    const model = await resolveHubModel(spec, { env: this.#options.env }, signal);
    const licence = entry?.licence ?? {
      id: 'unknown',
      notice: `${name}: see the licence at hub repository ${spec.repo}.`,
    };
    await this.#notice(name, licence.notice);
    const hub = { repo: spec.repo, commit: spec.commit };
    const files = await this.#obtainHub(name, hub, model.files, signal);
    const title = entry?.title ?? `${spec.repo} at ${spec.commit.slice(0, 12)}`;
    const artefact: Artefact = { name, kind: model.kind, title, licence, files, hub };
    await this.store.writeRecord(artefact);
    return artefact;
  }

  /**
   * Files that are known by SHA-256 and in the cache are not asked for again; git blob ids become SHA-256 on arrival.
   */
  async #obtainHub(
    name: string,
    hub: { repo: string; commit: string },
    wanted: readonly WantedFile[],
    signal: AbortSignal | undefined,
  ): Promise<ArtefactFile[]> {
    const here = new Map<string, ArtefactFile>();
    for (const { path, sizeBytes, digest } of wanted) {
      const file = { path, sizeBytes, sha256: digest.hex };
      if (digest.algorithm === 'sha256' && (await this.store.hasBlob(file))) here.set(path, file);
    }
    const missing = wanted.filter((file) => !here.has(file.path));
    const options = this.#obtainOptions(signal);
    const sources = options.sources.filter((source) => source.name === 'hub');
    const arrived = await obtainFiles({ artefact: { name, hub }, files: missing }, { ...options, sources });
    for (const file of arrived) here.set(file.path, file);
    return wanted.map((file) => here.get(file.path)!);
  }

  /** The manifest's model with the same bytes as a record; the record then goes. */
  async #knownTwin(name: string): Promise<string | null> {
    const record = await this.store.record(name);
    const known = record ? this.#knownWith(record.files) : null;
    if (known && known !== name) await this.store.removeRecord(name);
    return known;
  }

  /** A pinned model of the manifest all of whose files are among these. */
  #knownWith(files: readonly ArtefactFile[]): string | null {
    const hashes = new Set(files.map((file) => file.sha256));
    const known = this.manifest.find(
      (entry) => isPinned(entry) && entry.files.every((file) => hashes.has(file.sha256)),
    );
    return known?.name ?? null;
  }

  async #requireFreeName(name: string, isSame: (record: Artefact) => boolean): Promise<void> {
    const record = await this.store.record(name);
    const taken = this.manifest.some((entry) => entry.name === name) || (record !== null && !isSame(record));
    if (taken) {
      throw new AppError('invalid_option', `Another model is called ${name} already; choose a name with --name.`);
    }
  }

  async #hashLocal(name: string, local: LocalModel, signal: AbortSignal | undefined): Promise<ArtefactFile[]> {
    const totalBytes = sourceSizeBytes(local.files);
    const files: ArtefactFile[] = [];
    let doneBytes = 0;
    for (const { path, sourcePath } of local.files) {
      const onBytes = (bytes: number): void => {
        doneBytes += bytes;
        this.#report(name, 'verify', doneBytes, totalBytes);
      };
      files.push({ path, ...(await hashFile(sourcePath, { signal, onBytes })) });
    }
    return files;
  }

  #report(artefact: string, phase: 'verify' | 'unpack', doneBytes: number, totalBytes: number): void {
    this.#options.onProgress?.({ artefact, phase, doneBytes, totalBytes });
  }

  #waiting(artefact: string, signal: AbortSignal | undefined): { signal: AbortSignal | undefined; onWait: () => void } {
    return {
      signal,
      onWait: () => this.#options.onProgress?.({ artefact, phase: 'wait', doneBytes: 0, totalBytes: 0 }),
    };
  }
}

function sameFiles(a: readonly ArtefactFile[], b: readonly ArtefactFile[]): boolean {
  const hashes = (files: readonly ArtefactFile[]): string =>
    files
      .map((file) => file.sha256)
      .sort()
      .join();
  return hashes(a) === hashes(b);
}

export interface EnsureOptions extends CallOptions {
  readonly store?: ModelStore | undefined;
  readonly converters: Converters;
  readonly onProgress?: OnModelProgress | undefined;
  readonly onNotice?: RoomOptions['onNotice'];
}

/** `ensure` in one call, with everything else from the environment. */
export function ensureModel(name: string, options: EnsureOptions): Promise<string> {
  const { store, converters, onProgress, onNotice } = options;
  return openModelRoom({ ...(store ? { store } : {}), converters, onProgress, onNotice }).ensure(name, options);
}
