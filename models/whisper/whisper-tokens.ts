import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { alphabetHash } from '../core/alphabet-hash.ts';
import { AppError } from '../core/app-error.ts';
import type { Alphabet } from '../core/stepwise.ts';
import { readJson, type WhisperModelFile } from './whisper-model.ts';

/** The shape of tokenizer.json that is read here; the rest is the tokenizer package's business. */
export interface TokenizerFile {
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
  readonly added_tokens: ReadonlyArray<{ readonly id: number; readonly content: string }>;
}

/** Seconds that one timestamp token stands for. */
export const TIMESTAMP_STEP_SECONDS = 0.02;

/** Vocabulary size of tiny.en, base.en, small.en and medium.en. */
const ENGLISH_ONLY_VOCAB = 51864;

const NO_BYTES = new Uint8Array(0);

/**
 * Whisper's vocabulary: text tokens with their bytes, then special tokens (end of text, languages, tasks), then one
 * token per 20 ms of the window. Ids differ between model generations, so all of them come from the model's own files.
 */
export class WhisperTokens implements Alphabet {
  readonly size: number;
  readonly hash: string;
  readonly endOfText: number;
  readonly startOfTranscript: number;
  readonly startOfPrevious: number;
  readonly noSpeech: number;
  readonly noTimestamps: number;
  readonly transcribe: number;
  readonly translate: number;
  /** First timestamp token, 0.00 s; every later id is a timestamp too. */
  readonly timestampBegin: number;
  /** False for the English-only models: they have no language and task tokens. */
  readonly multilingual: boolean;
  readonly #bytes: Uint8Array[];
  readonly #languages = new Map<string, number>();
  readonly #tokenizer: Tokenizer;

  constructor(file: TokenizerFile, model: Pick<WhisperModelFile, 'dims' | 'langIds'>) {
    this.size = model.dims.nVocab;
    const special = new Map(file.added_tokens.map(({ id, content }) => [content, id]));
    const idOf = (...names: string[]): number => {
      for (const name of names) {
        const id = special.get(name);
        if (id !== undefined) return id;
      }
      throw new AppError('model_corrupt', `tokenizer.json has no special token ${names.join(' or ')}`);
    };
    this.endOfText = idOf('<|endoftext|>');
    this.startOfTranscript = idOf('<|startoftranscript|>');
    this.startOfPrevious = idOf('<|startofprev|>');
    this.noSpeech = idOf('<|nospeech|>', '<|nocaptions|>');
    this.noTimestamps = idOf('<|notimestamps|>');
    this.transcribe = idOf('<|transcribe|>');
    this.translate = idOf('<|translate|>');
    this.timestampBegin = this.noTimestamps + 1;
    // English-only files may name language tokens too; the size of the vocabulary is what tells them apart.
    this.multilingual = this.size !== ENGLISH_ONLY_VOCAB;
    const languageIds = new Set(model.langIds);
    for (const [content, id] of special) {
      const code = /^<\|([a-z]{2,3})\|>$/.exec(content)?.[1];
      if (code !== undefined && (languageIds.size === 0 || languageIds.has(id))) this.#languages.set(code, id);
    }
    this.#bytes = tokenBytes(file, this.size, this.endOfText);
    this.hash = alphabetHash(this);
    this.#tokenizer = new Tokenizer(file, {});
  }

  /** Reads tokenizer.json in `modelDir`. */
  static async open(modelDir: string, model: WhisperModelFile): Promise<WhisperTokens> {
    const file = await readJson(join(modelDir, 'tokenizer.json'));
    return new WhisperTokens(file as unknown as TokenizerFile, model);
  }

  bytesOf(id: number): Uint8Array {
    return this.#bytes[id] ?? NO_BYTES;
  }

  isTimestamp(id: number): boolean {
    return id >= this.timestampBegin;
  }

  /** Seconds from the start of the window. */
  secondsOf(timestamp: number): number {
    return (timestamp - this.timestampBegin) * TIMESTAMP_STEP_SECONDS;
  }

  /** Token ids of plain text, specials never among them, whatever the text says. */
  encode(text: string): number[] {
    // A special token's spelling is cut in two, so that the tokenizer reads it as ordinary characters.
    const parts = text.split(/(?<=<)(?=\|)/u);
    return parts.flatMap((part) => this.#tokenizer.encode(part, { add_special_tokens: false }).ids);
  }

  /** Bytes that the text tokens among `ids` spell. */
  bytesOfAll(ids: readonly number[]): Uint8Array {
    let length = 0;
    for (const id of ids) length += this.bytesOf(id).length;
    const out = new Uint8Array(length);
    let at = 0;
    for (const id of ids) {
      const bytes = this.bytesOf(id);
      out.set(bytes, at);
      at += bytes.length;
    }
    return out;
  }

  /** Text of the text tokens among `ids`; an unfinished character at the end is left out. */
  decode(ids: readonly number[]): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytesOfAll(ids), { stream: true });
  }

  /** Language codes that the model knows, as ISO 639-1 where one exists. */
  get languages(): string[] {
    return [...this.#languages.keys()];
  }

  /** @throws AppError `unknown_language` */
  languageId(code: string): number {
    const id = this.#languages.get(code === 'jv' ? 'jw' : code);
    if (id === undefined)
      throw new AppError('unknown_language', `Language "${code}" is not one that this model knows.`);
    return id;
  }

  /** Prompt tokens that open a transcript: start, language, task, and no-timestamps where none are wanted. */
  openingOf(language: string, task: 'transcribe' | 'translate', timestamps: boolean): number[] {
    const opening = [this.startOfTranscript];
    if (this.multilingual)
      opening.push(this.languageId(language), task === 'translate' ? this.translate : this.transcribe);
    if (!timestamps) opening.push(this.noTimestamps);
    return opening;
  }
}

/** Bytes of every id: vocabulary entries through the byte alphabet of GPT-2, special tokens without any. */
function tokenBytes(file: TokenizerFile, size: number, endOfText: number): Uint8Array[] {
  const bytes = Array.from({ length: size }, () => NO_BYTES);
  const byteOf = byteAlphabet();
  for (const [piece, id] of Object.entries(file.model.vocab)) {
    if (id >= endOfText || id >= size) continue;
    const spelled = new Uint8Array(piece.length);
    for (let i = 0; i < piece.length; i++) {
      const byte = byteOf.get(piece.charCodeAt(i));
      if (byte === undefined) {
        throw new AppError('model_corrupt', `tokenizer.json: token ${id} has a character outside the byte alphabet`);
      }
      spelled[i] = byte;
    }
    bytes[id] = spelled;
  }
  return bytes;
}

/**
 * GPT-2's printable stand-ins for bytes: printable Latin-1 stands for itself, the other bytes follow from U+0100 on, in
 * order. Returns code unit -> byte.
 */
function byteAlphabet(): Map<number, number> {
  const map = new Map<number, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    map.set(printable ? byte : next++, byte);
  }
  return map;
}
