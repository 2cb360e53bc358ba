/** The folder that everything a list names must lie in: a list from elsewhere must not read this machine's other files. */
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fileError, malformed, quoted } from './malformed.ts';
import type { DataFile } from './text-lines.ts';

export class DataRoot {
  /** Absolute; names in lists are relative to it. */
  readonly folder: string;
  readonly #root: string;
  readonly #realRoot: string;

  private constructor(folder: string, root: string, realRoot: string) {
    this.folder = folder;
    this.#root = root;
    this.#realRoot = realRoot;
  }

  /** `folder`: where the list lies. `root`: where the files may lie, by default the same. */
  static async open(folder: string, root: string = folder): Promise<DataRoot> {
    try {
      return new DataRoot(resolve(folder), resolve(root), await realpath(root));
    } catch (cause) {
      throw fileError(root, cause);
    }
  }

  /**
   * The file called `name`, its symbolic links resolved. `where`: who names it. Throws manifest_malformed where it lies
   * outside, is not there, or is no file.
   */
  async file(name: string, where: string): Promise<DataFile> {
    const path = resolve(this.folder, name);
    if (!isInside(path, this.#root)) throw this.#outside(name, where);
    const real = await realpath(path).catch((cause: unknown) => {
      const code = (cause as NodeJS.ErrnoException).code;
      const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : 'cannot be read';
      throw malformed(where, `${quoted(name)} ${what}`, cause);
    });
    if (!isInside(real, this.#realRoot)) throw this.#outside(name, where);
    if (!(await stat(real).catch(() => null))?.isFile()) throw malformed(where, `${quoted(name)} is not a file`);
    return { path: real, name: this.nameOf(path) };
  }

  /** A path as messages name it. */
  nameOf(path: string): string {
    const name = relative(this.folder, path);
    return isAbsolute(name) || name.startsWith('..') ? path : name.split(sep).join('/');
  }

  #outside(name: string, where: string): Error {
    return malformed(where, `${quoted(name)} lies outside the data folder`);
  }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
