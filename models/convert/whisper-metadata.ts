import { readFile } from 'node:fs/promises';
import { AppError } from '../core/app-error.ts';
import type { WhisperDims } from '../whisper/whisper-model.ts';
import type { AlignmentHead } from './whisper-graph.ts';

/** Special tokens of a Whisper vocabulary. Ids differ between generations, so they come from the model's own files. */
export interface WhisperSpecialIds {
  readonly startOfTranscript: number;
  readonly endOfText: number;
  readonly transcribe: number;
  readonly translate: number;
  readonly startOfPrevious: number;
  readonly noSpeech: number;
  readonly noTimestamps: number;
  /** `<|0.00|>`; every later id is a timestamp, 20 ms further each. */
  readonly timestampBegin: number;
  /** Language code -> id. */
  readonly languages: Readonly<Record<string, number>>;
}

/** What `config.json` of a CTranslate2 Whisper says. */
export interface WhisperConfig {
  readonly alignmentHeads: readonly AlignmentHead[];
  readonly suppressIds: readonly number[];
  readonly suppressIdsBegin: readonly number[];
  readonly langIds: readonly number[];
}

/** 0.00 to 30.00 s in steps of 20 ms. */
const TIMESTAMPS = 1501;
/** Far above any tokenizer.json of Whisper (2.2 MB): a larger file is something else. */
const JSON_BYTES_MAX = 64 << 20;

/** Reads JSON that must be an object. Errors: file_not_found, model_format. */
export async function readJsonObject(path: string): Promise<{ text: string; value: Record<string, unknown> }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = `${path} ${missing ? 'does not exist' : 'cannot be read'}; it belongs beside model.bin`;
    throw new AppError(missing ? 'file_not_found' : 'file_unreadable', message, { cause: error });
  }
  let value: unknown;
  try {
    if (text.length > JSON_BYTES_MAX) throw new Error(`${text.length} characters are too many`);
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('model_format', `${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('model_format', `${path}: found ${JSON.stringify(value)?.slice(0, 20)}, expected an object`);
  }
  return { text, value: value as Record<string, unknown> };
}

/**
 * Reads config.json. Alignment heads are sorted by layer and head, as the decoder graph gives them; where the file names
 * none, all heads of the upper half of the decoder stand in (openai/whisper's own default). Errors: model_format.
 */
export async function readWhisperConfig(path: string, dims: WhisperDims): Promise<WhisperConfig> {
  const { value } = await readJsonObject(path);
  const ids = (name: string): number[] => {
    const list = value[name] ?? [];
    const valid = (id: unknown) => Number.isInteger(id) && (id as number) >= -1 && (id as number) < dims.nVocab;
    if (!Array.isArray(list) || !list.every(valid)) {
      throw new AppError('model_format', `${path}: ${name} must be token ids below ${dims.nVocab}`);
    }
    return (list as number[]).filter((id) => id >= 0);
  };
  return {
    alignmentHeads: alignmentHeads(path, value['alignment_heads'], dims),
    suppressIds: ids('suppress_ids'),
    suppressIdsBegin: ids('suppress_ids_begin'),
    langIds: ids('lang_ids'),
  };
}

function alignmentHeads(path: string, listed: unknown, { decoderLayers, heads }: WhisperDims): AlignmentHead[] {
  const all = (start: number): AlignmentHead[] =>
    Array.from({ length: (decoderLayers - start) * heads }, (_, i) => {
      return { layer: start + Math.floor(i / heads), head: i % heads };
    });
  if (listed === undefined || listed === null || (Array.isArray(listed) && listed.length === 0)) {
    return all(Math.floor(decoderLayers / 2));
  }
  const known = all(0);
  const pairs = Array.isArray(listed) ? listed : [];
  const chosen = known.filter(({ layer, head }) => pairs.some((pair) => pair?.[0] === layer && pair?.[1] === head));
  if (chosen.length === 0 || chosen.length !== pairs.length) {
    const expected = `expected pairs of a layer below ${decoderLayers} and a head below ${heads}`;
    throw new AppError('model_format', `${path}: found alignment_heads ${JSON.stringify(listed)}, ${expected}`);
  }
  return chosen;
}

/** The special ids by tokenizer.json. Errors: model_format, where it is not this model's tokenizer. */
export function readSpecialIds(path: string, tokenizer: Record<string, unknown>, dims: WhisperDims): WhisperSpecialIds {
  const added = Array.isArray(tokenizer['added_tokens']) ? tokenizer['added_tokens'] : [];
  const ids = new Map<string, number>();
  for (const token of added as { id?: unknown; content?: unknown }[]) {
    if (typeof token?.content === 'string' && Number.isInteger(token.id)) ids.set(token.content, token.id as number);
  }
  const id = (...contents: string[]): number => {
    for (const content of contents) {
      const found = ids.get(content);
      if (found !== undefined) return found;
    }
    throw new AppError('model_format', `${path}: no special token ${contents.join(' or ')}, which Whisper has`);
  };
  const noTimestamps = id('<|notimestamps|>');
  const expected = noTimestamps + 1 + TIMESTAMPS;
  if (dims.nVocab < expected) {
    const found = `the weights have ${dims.nVocab} tokens, the tokenizer needs ${expected}`;
    throw new AppError('model_format', `${path} does not belong to these weights: ${found}`);
  }
  const startOfTranscript = id('<|startoftranscript|>');
  const languages: Record<string, number> = {};
  for (const [content, languageId] of ids) {
    const code = /^<\|([a-z]{2,3})\|>$/.exec(content)?.[1];
    if (code !== undefined && languageId > startOfTranscript && languageId < id('<|translate|>')) {
      languages[code] = languageId;
    }
  }
  return {
    startOfTranscript,
    endOfText: id('<|endoftext|>'),
    transcribe: id('<|transcribe|>'),
    translate: id('<|translate|>'),
    startOfPrevious: id('<|startofprev|>'),
    noSpeech: id('<|nospeech|>', '<|nocaptions|>'),
    noTimestamps,
    timestampBegin: noTimestamps + 1,
    languages,
  };
}
