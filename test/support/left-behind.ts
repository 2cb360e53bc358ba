import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Folders in which streams are kept while they are read, in the system's folder for temporary files. */
export function temporaryFolders(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith('bytefuse-document-'))
    .sort();
}
