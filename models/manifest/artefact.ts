/** What a model is: named files with size and hash, a licence, and the places where the files can be had. */

import { AppError } from '../core/app-error.ts';

export type ModelKind = 'whisper' | 'llm' | 'vad' | 'ocr';

/**
 * How the bytes of a file are known. Git's blob id is SHA-1 over `blob <size>\0` and the content; small hub files have
 * it.
 */
export interface ContentDigest {
  readonly algorithm: 'sha256' | 'git-blob';
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

/** A file whose bytes are pinned, by either digest. */
export interface WantedFile {
  /** Relative path with forward slashes; also its name in a converter's `files`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly digest: ContentDigest;
}

/** A file whose SHA-256 is known, as the cache stores it. */
export interface ArtefactFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface Licence {
  /** SPDX identifier, or a LicenseRef for terms that have none. */
  readonly id: string;
  /** Shown once, at the first download. It informs and never blocks. */
  readonly notice: string;
}

/** A member of a wheel that holds the file, or one part of it. */
export interface PipMember {
  readonly package: string;
  readonly member: string;
}

export interface PipPackage {
  readonly name: string;
  readonly version: string;
  readonly wheelSizeBytes: number;
}

export interface PipLocation {
  readonly packages: readonly PipPackage[];
  /** For each file of the artefact: the members that make it, in order. */
  readonly members: Readonly<Record<string, readonly PipMember[]>>;
}

export interface HubLocation {
  /** `owner/name`. */
  readonly repo: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
}

/** A model whose every byte is pinned. */
export interface Artefact {
  readonly name: string;
  readonly kind: ModelKind;
  readonly title: string;
  readonly licence: Licence;
  readonly files: readonly ArtefactFile[];
  readonly pip?: PipLocation;
  readonly hub?: HubLocation;
  /** Where to look by hand, where the hub's commit is not on record. */
  readonly hubHint?: string;
}

/**
 * A model pinned by the commit of a hub repository: the hub tells sizes and hashes of that commit when it is pulled.
 */
export interface HubReference {
  readonly name: string;
  readonly kind: ModelKind;
  readonly title: string;
  readonly licence: Licence;
  readonly hub: HubLocation;
  /** For tables only; the hub tells the exact size. */
  readonly sizeBytesAbout: number;
}

export type CatalogEntry = Artefact | HubReference;

export function isPinned(entry: CatalogEntry): entry is Artefact {
  return 'files' in entry;
}

export function wantedOf(file: ArtefactFile): WantedFile {
  return { path: file.path, sizeBytes: file.sizeBytes, digest: { algorithm: 'sha256', hex: file.sha256 } };
}

export function sourceSizeBytes(files: readonly { readonly sizeBytes: number }[]): number {
  let total = 0;
  for (const file of files) total += file.sizeBytes;
  return total;
}

export interface HubSpec extends HubLocation {
  /** One file of the repository, where it holds several models (GGUF repositories often do). */
  readonly file: string | null;
}

/**
 * Reads `hub:OWNER/REPO@COMMIT` or `hub:OWNER/REPO@COMMIT:FILE`.
 * @throws AppError `invalid_option` where the commit is not 40 hexadecimal digits: a branch can move, a commit cannot.
 */
export function parseHubSpec(text: string): HubSpec {
  const match = /^hub:([\w.-]+\/[\w.-]+)@([^:]*)(?::(.+))?$/.exec(text);
  const commit = match?.[2]?.toLowerCase();
  if (!match || !commit || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new AppError(
      'invalid_option',
      `${text} does not name a pinned model: expected hub:OWNER/REPO@COMMIT or hub:OWNER/REPO@COMMIT:FILE, ` +
        'with the 40 hexadecimal digits of a commit (a branch name can change what it stands for).',
    );
  }
  return { repo: match[1]!, commit, file: match[3] ?? null };
}

/**
 * A name for an imported model: lower case, as in file names.
 * @throws AppError `invalid_option` where nothing usable is left.
 */
export function artefactName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  if (name === '' || name.length > NAME_LEN_MAX) {
    throw new AppError(
      'invalid_option',
      `"${text}" gives no usable model name: expected 1 to ${NAME_LEN_MAX} letters, digits, dots, dashes, underscores.`,
    );
  }
  return name;
}

/** Names become file names, whose length common file systems bound at 255 bytes; endings of ours need room. */
const NAME_LEN_MAX = 100;
