/** Where the project is, and which files belong to it: for the test runner and the tidy tests. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This file runs as dist/test/support/project-files.js. */
export const PROJECT_ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export interface ProjectFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Folders that hold no source of ours. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'reports']);

/** Paths of all files, sorted, relative to the project, with forward slashes. */
export function projectPaths(): string[] {
  const paths: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true })) {
      if (SKIPPED.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) paths.push(path.split(sep).join('/'));
    }
  };
  walk('');
  return paths.sort();
}

/** All text files of the project whose name ends with one of `endings`. */
export function projectFiles(...endings: readonly string[]): ProjectFile[] {
  return projectPaths()
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: readProjectFile(path) }));
}

export function readProjectFile(path: string): string {
  return readFileSync(join(PROJECT_ROOT, path), 'utf8');
}

export function isFile(path: string): boolean {
  return statSync(join(PROJECT_ROOT, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

export function exists(path: string): boolean {
  return statSync(join(PROJECT_ROOT, path), { throwIfNoEntry: false }) !== undefined;
}
