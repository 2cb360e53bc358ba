import { alphabetHash } from '../core/alphabet-hash.ts';
import { AppError } from '../core/app-error.ts';
import type { Alphabet } from '../core/stepwise.ts';
import { ALPHABET_TEXT_BYTES_MAX } from './limits.ts';
import { readOnnxMetadata } from './onnx-metadata.ts';

/** The token that means "nothing here"; it spells nothing. */
export const BLANK = 0;

/** What the tokens of a PP-OCR recognizer spell: blank, then the model's own list, then the space. */
export class OcrAlphabet implements Alphabet {
  readonly size: number;
  readonly hash: string;
  readonly #texts: readonly string[];
  readonly #bytes: readonly Uint8Array[];

  /** @param characters as the model lists them, without blank and space */
  constructor(characters: readonly string[]) {
    this.#texts = ['', ...characters, ' '];
    const encoder = new TextEncoder();
    this.#bytes = this.#texts.map((text) => encoder.encode(text));
    this.size = this.#texts.length;
    this.hash = alphabetHash(this);
  }

  bytesOf(id: number): Uint8Array {
    const bytes = this.#bytes[id];
    if (bytes === undefined) throw new RangeError(`token ${id} is outside 0..${this.size - 1}`);
    return bytes;
  }

  /** What a token spells; '' for blank. */
  textOf(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new RangeError(`token ${id} is outside 0..${this.size - 1}`);
    return text;
  }
}

/**
 * The alphabet that a recognizer carries in its own file, as metadata `character`: one character a line.
 * @throws AppError `model_corrupt` where the file has none
 */
export async function readAlphabet(modelPath: string): Promise<OcrAlphabet> {
  const text = await readOnnxMetadata(modelPath, 'character', ALPHABET_TEXT_BYTES_MAX);
  if (text === undefined) {
    throw new AppError(
      'model_corrupt',
      `${modelPath} lists no characters (metadata "character"), expected a PP-OCR model.`,
    );
  }
  const characters = text.split('\n');
  // Each line ends with a newline, so an empty piece follows the last.
  if (characters.at(-1) === '') characters.pop();
  if (characters.length === 0 || characters.includes('')) {
    throw new AppError('model_corrupt', `${modelPath} lists an empty character.`);
  }
  return new OcrAlphabet(characters);
}
