import { logAdd } from '../../models/core/logprob.ts';
import type { CtcLattice } from '../../models/core/page.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';

/**
 * What the entries of a lattice spell, in the script that was asked for. Where the table maps an entry's character to one
 * that the alphabet holds as well, both are one entry from here on: `merge` adds their probabilities frame by frame, and
 * neighbors that differed in script alone are a repeat. A character that the alphabet lacks is written in its place.
 */
export class LatticeText {
  readonly #alphabet: Alphabet;
  /** Entry that stands for an entry; only those that differ. */
  readonly #canonical = new Map<number, number>();
  readonly #texts = new Map<number, string>();
  readonly #bytes = new Map<number, Uint8Array>();
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  /** `table`: characters of the other script to those of the wanted one, one by one; empty to keep what is printed. */
  constructor(alphabet: Alphabet, table: ReadonlyMap<string, string> = new Map()) {
    this.#alphabet = alphabet;
    if (table.size === 0) return;
    const idOf = new Map<string, number>();
    for (let id = alphabet.size - 1; id >= 0; id--) idOf.set(this.#spell(id), id);
    for (let id = 0; id < alphabet.size; id++) {
      const other = table.get(this.#spell(id));
      if (other === undefined) continue;
      const known = idOf.get(other);
      if (known !== undefined) this.#canonical.set(id, known);
      else this.#texts.set(id, other);
    }
  }

  textOf(id: number): string {
    let text = this.#texts.get(id);
    if (text === undefined) {
      text = this.#spell(id);
      this.#texts.set(id, text);
    }
    return text;
  }

  bytesOf(id: number): Uint8Array {
    let bytes = this.#bytes.get(id);
    if (bytes === undefined) {
      bytes = this.#encoder.encode(this.textOf(id));
      this.#bytes.set(id, bytes);
    }
    return bytes;
  }

  /** The lattice with one entry per character: same shape; what a merge leaves over has log-probability -Infinity. */
  merge(lattice: CtcLattice): CtcLattice {
    if (this.#canonical.size === 0 || !lattice.ids.some((id) => this.#canonical.has(id))) return lattice;
    const { frames, width } = lattice;
    const ids = new Int32Array(lattice.ids.length);
    const logProbs = new Float32Array(lattice.logProbs.length).fill(Number.NEGATIVE_INFINITY);
    for (let frame = 0; frame < frames; frame++) {
      const merged = new Map<number, number>();
      for (let i = frame * width; i < (frame + 1) * width; i++) {
        const id = this.#canonical.get(lattice.ids[i]!) ?? lattice.ids[i]!;
        const logProb = lattice.logProbs[i]!;
        const known = merged.get(id);
        merged.set(id, known === undefined ? logProb : Math.fround(logAdd(known, logProb)));
      }
      const ranked = [...merged].sort(([a, x], [b, y]) => (x === y ? a - b : y - x));
      ids.fill(lattice.blank, frame * width, (frame + 1) * width);
      ranked.forEach(([id, logProb], i) => {
        ids[frame * width + i] = id;
        logProbs[frame * width + i] = logProb;
      });
    }
    return { ...lattice, ids, logProbs };
  }

  #spell(id: number): string {
    return this.#decoder.decode(this.#alphabet.bytesOf(id));
  }
}
