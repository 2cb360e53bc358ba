/** Breaks text into lines: at spaces, and between wide characters (Chinese, Japanese), but never before a closing mark. */

import { graphemesOf, isWide, textWidth } from './text-width.ts';

const NOT_AT_LINE_START = /^[、。，．・：；？！）」』】〕》〉”’…—％℃)\]}.,:;?!%]/u;
const NOT_AT_LINE_END = /[（「『【〔《〈“‘([{]$/u;

/** An unbreakable piece of text and whether a space stands before it. */
interface Atom {
  readonly text: string;
  readonly width: number;
  readonly spaced: boolean;
}

/**
 * Lines of at most `widthMax` columns; an unbreakable piece that is wider is cut between characters. Two lines are made
 * about equally long, which reads better than a full and a short one.
 */
export function wrapLines(text: string, widthMax: number): string[] {
  const atoms = atomsOf(text, widthMax);
  const lines = fill(atoms, widthMax);
  if (lines.length !== 2) return lines.map(joinAtoms);
  let best = lines;
  for (let cut = 1; cut < atoms.length; cut++) {
    const halves = [atoms.slice(0, cut), atoms.slice(cut)];
    if (Math.max(...halves.map(lineWidth)) > widthMax) continue;
    if (unevenness(halves) < unevenness(best)) best = halves;
  }
  return best.map(joinAtoms);
}

const lineWidth = (atoms: readonly Atom[]) => textWidth(joinAtoms(atoms));
const unevenness = (lines: readonly Atom[][]) => Math.abs(lineWidth(lines[0]!) - lineWidth(lines[1]!));

function fill(atoms: readonly Atom[], widthMax: number): Atom[][] {
  const lines: Atom[][] = [];
  let width = 0;
  for (const atom of atoms) {
    const line = lines.at(-1);
    const added = atom.width + (atom.spaced ? 1 : 0);
    if (line === undefined || width + added > widthMax) {
      lines.push([atom]);
      width = atom.width;
    } else {
      line.push(atom);
      width += added;
    }
  }
  return lines;
}

function joinAtoms(atoms: readonly Atom[]): string {
  return atoms.map(({ text, spaced }, i) => (spaced && i > 0 ? ` ${text}` : text)).join('');
}

function atomsOf(text: string, widthMax: number): Atom[] {
  const atoms: Atom[] = [];
  for (const word of text.trim().split(/\s+/u)) {
    let first = true;
    for (const piece of unbreakable(word)) {
      for (const part of cutToWidth(piece, widthMax)) {
        atoms.push({ text: part, width: textWidth(part), spaced: first && atoms.length > 0 });
        first = false;
      }
    }
  }
  return atoms;
}

/** Pieces of a word between which a line may break: around each wide character, unless a mark forbids it. */
function unbreakable(word: string): string[] {
  const pieces: string[] = [];
  let previousWide = false;
  for (const character of graphemesOf(word)) {
    const wide = isWide(character);
    const last = pieces.at(-1);
    const mayBreak = (wide || previousWide) && !NOT_AT_LINE_START.test(character) && !NOT_AT_LINE_END.test(last ?? '');
    if (last === undefined || mayBreak) pieces.push(character);
    else pieces[pieces.length - 1] = last + character;
    previousWide = wide;
  }
  return pieces;
}

function cutToWidth(piece: string, widthMax: number): string[] {
  if (textWidth(piece) <= widthMax) return [piece];
  const parts: string[] = [];
  let part = '';
  for (const character of graphemesOf(piece)) {
    if (part !== '' && textWidth(part + character) > widthMax) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  parts.push(part);
  return parts;
}
