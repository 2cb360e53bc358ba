import { AppError } from '../core/app-error.ts';
import type { SourceToken, TokenKind } from '../tokenizer/source-token.ts';
import type { ControlToken } from '../tokenizer/vocab-file.ts';
import type { GgufFile } from './gguf.ts';

/** How SentencePiece writes a space. */
const SPACE_MARK = '\u2581';
const ENCODER = new TextEncoder();
const BYTE_NAME = /^<0x([0-9A-F]{2})>$/;
/** Markers that a file lists as user-defined text, but that stand for another modality: never to come out of a text. */
const MARKER_NAME = /^(<(start|end)_of_\w+>|\[\w+\])$/;

/** Control tokens that the model keeps, with the name that a file without the metadata entry gives them. */
const ROLES: readonly (readonly [role: string, key: string, name: string])[] = [
  ['bos', 'tokenizer.ggml.bos_token_id', '<bos>'],
  ['eos', 'tokenizer.ggml.eos_token_id', '<eos>'],
  ['start_of_turn', '', '<start_of_turn>'],
  ['end_of_turn', 'tokenizer.ggml.eot_token_id', '<end_of_turn>'],
];

export interface SourceVocab {
  readonly tokens: readonly SourceToken[];
  readonly controls: readonly ControlToken[];
}

/**
 * The vocabulary of a SentencePiece-style GGUF file (`tokenizer.ggml.model` = llama): byte pair encoding by score, spaces
 * written as U+2581, no space prefix.
 * @throws AppError model_format where the tokenizer is another one, or a byte token is missing
 */
export function sentencePieceVocab(file: GgufFile): SourceVocab {
  const foreign = (what: string) => new AppError('model_format', `${file.path} has a tokenizer that ${what}`);
  const model = file.text('tokenizer.ggml.model');
  if (model !== 'llama') throw foreign(`is of the kind "${model}", expected "llama" (SentencePiece)`);
  if (file.metadata.get('tokenizer.ggml.add_space_prefix') !== false) {
    throw foreign('adds a space before a text, expected tokenizer.ggml.add_space_prefix false');
  }
  const texts = file.strings('tokenizer.ggml.tokens');
  const scores = file.numbers('tokenizer.ggml.scores');
  const types = file.numbers('tokenizer.ggml.token_type');
  if (scores.length !== texts.length || types.length !== texts.length) {
    throw foreign(`lists ${texts.length} tokens, ${scores.length} scores and ${types.length} types, expected as many`);
  }
  const ranks = rankScores(scores);
  const tokens = texts.map((name, id): SourceToken => {
    const kind = kindOf(types[id]!, name);
    return { id, kind, name, bytes: bytesOf(kind, name), rank: ranks[id]! };
  });
  const byteTokens = new Set(tokens.filter((token) => token.kind === 'byte').map((token) => token.bytes[0]));
  if (byteTokens.size !== 256) throw foreign(`has ${byteTokens.size} byte tokens, expected 256`);
  return { tokens, controls: findControls(file, tokens, foreign) };
}

/** Numbers of ggml's token types: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
function kindOf(type: number, name: string): TokenKind {
  if (type === 1 && name.length > 0) return 'normal';
  if (type === 6 && BYTE_NAME.test(name)) return 'byte';
  if (type === 4 && name.length > 0 && !MARKER_NAME.test(name)) return 'literal';
  return 'control';
}

function bytesOf(kind: TokenKind, name: string): Uint8Array {
  if (kind === 'control') return new Uint8Array(0);
  if (kind === 'byte') return Uint8Array.of(Number.parseInt(BYTE_NAME.exec(name)![1]!, 16));
  return ENCODER.encode(kind === 'normal' ? name.replaceAll(SPACE_MARK, ' ') : name);
}

/** Dense ranks of scores, the highest first; equal scores share a rank. */
function rankScores(scores: ArrayLike<number>): Int32Array {
  const order = Array.from({ length: scores.length }, (_, id) => id).sort((a, b) => scores[b]! - scores[a]!);
  const ranks = new Int32Array(scores.length);
  let rank = 0;
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && scores[order[i]!] !== scores[order[i - 1]!]) rank++;
    ranks[order[i]!] = rank;
  }
  return ranks;
}

function findControls(
  file: GgufFile,
  tokens: readonly SourceToken[],
  foreign: (what: string) => AppError,
): ControlToken[] {
  const controls: ControlToken[] = [];
  for (const [role, key, name] of ROLES) {
    const stated = key === '' ? undefined : file.metadata.get(key);
    const token = typeof stated === 'number' ? tokens[stated] : tokens.find((each) => each.name === name);
    if (token?.kind === 'control') controls.push({ name: token.name, sourceId: token.id, role });
  }
  if (controls[0]?.role !== 'bos') throw foreign('has no beginning-of-text token');
  return controls;
}
