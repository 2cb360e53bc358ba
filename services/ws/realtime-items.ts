import { randomBytes } from 'node:crypto';
import type { LiveFinal } from '../../models/core/live.ts';
import type { Alphabet } from '../../models/core/stepwise.ts';
import type { Dialect } from './realtime-config.ts';

export type SendEvent = (type: string, fields: Record<string, unknown>) => void;

/** One utterance as the realtime dialects see it. */
export interface Item {
  readonly id: string;
  readonly startS: number;
  endS: number;
  readonly previousId: string | null;
  isAdded: boolean;
  isCommitted: boolean;
  /** Committed text, without space before it. */
  committed: string;
  /** As much of it as went out, in UTF-16 units. */
  sentChars: number;
}

const TRANSCRIPTION = 'conversation.item.input_audio_transcription';

/** The events of items, in the order and shapes of either dialect. */
export class RealtimeItems {
  readonly #send: SendEvent;
  readonly #dialect: () => Dialect;
  readonly #pieces: () => Pick<Alphabet, 'bytesOf'> | null;
  readonly #prefix = randomBytes(6).toString('hex');
  /** Items with text that a slow reader has not been given. */
  readonly #behind = new Set<Item>();
  #count = 0;
  #lastId: string | null = null;

  constructor(send: SendEvent, dialect: () => Dialect, pieces: () => Pick<Alphabet, 'bytesOf'> | null) {
    this.#send = send;
    this.#dialect = dialect;
    this.#pieces = pieces;
  }

  begin(startS: number): Item {
    const id = `item_${this.#prefix}_${++this.#count}`;
    const item: Item = {
      id,
      startS,
      endS: startS,
      previousId: this.#lastId,
      isAdded: false,
      isCommitted: false,
      committed: '',
      sentChars: 0,
    };
    this.#lastId = id;
    return item;
  }

  /** Its audio is complete. */
  commit(item: Item): void {
    item.isCommitted = true;
    this.#send('input_audio_buffer.committed', { item_id: item.id, previous_item_id: item.previousId });
    this.#add(item);
    if (this.#dialect() === 'current') {
      this.#send('conversation.item.done', { previous_item_id: item.previousId, item: itemObject(item) });
    }
  }

  /** Committed text goes out as a delta; while the reader lies behind it waits, and goes out in one. */
  grow(item: Item, committed: string, isBehind: boolean): void {
    item.committed = committed.trimStart();
    if (isBehind) this.#behind.add(item);
    else this.#sendDelta(item);
  }

  catchUp(): void {
    for (const item of this.#behind) this.#sendDelta(item);
    this.#behind.clear();
  }

  /** `final` null: nobody spoke. */
  complete(item: Item, final: LiveFinal | null, logprobs: boolean): void {
    this.#behind.delete(item);
    // What was sent is the beginning of every final; the rest may lose a space at its end.
    const text = (final?.text ?? '').trimStart();
    item.committed = text.slice(0, Math.max(item.sentChars, text.trimEnd().length));
    this.#add(item);
    this.#sendDelta(item);
    this.#send(`${TRANSCRIPTION}.completed`, {
      item_id: item.id,
      content_index: 0,
      transcript: item.committed,
      ...(logprobs && final !== null ? { logprobs: this.#logprobsOf(final) } : {}),
      usage: { type: 'duration', seconds: Math.round((item.endS - item.startS) * 1000) / 1000 },
    });
  }

  fail(item: Item, error: Record<string, unknown>): void {
    this.#behind.delete(item);
    this.#add(item);
    const { type, code, message, param } = error;
    this.#send(`${TRANSCRIPTION}.failed`, {
      item_id: item.id,
      content_index: 0,
      error: { type, code, message, param },
    });
  }

  /** Its audio was cleared: a client that has heard of the item is told, another one need not know. */
  drop(item: Item, error: Record<string, unknown>): void {
    if (item.isAdded) this.fail(item, error);
    else if (this.#lastId === item.id) this.#lastId = item.previousId;
  }

  /** Once, before anything else is said of it. */
  #add(item: Item): void {
    if (item.isAdded) return;
    item.isAdded = true;
    const type = this.#dialect() === 'current' ? 'conversation.item.added' : 'conversation.item.created';
    this.#send(type, { previous_item_id: item.previousId, item: itemObject(item) });
  }

  #sendDelta(item: Item): void {
    const delta = item.committed.slice(item.sentChars);
    if (delta === '') return;
    item.sentChars = item.committed.length;
    this.#add(item);
    this.#send(`${TRANSCRIPTION}.delta`, { item_id: item.id, content_index: 0, delta });
  }

  /** Of tokens that spell something. */
  #logprobsOf({ result }: LiveFinal) {
    const pieces = this.#pieces();
    const best = result.hypotheses[0];
    if (pieces === null || best === undefined) return [];
    return best.tokens.flatMap((token, i) => {
      const bytes = pieces.bytesOf(token);
      if (bytes.length === 0) return [];
      const logprob = best.tokenLogProbs[i] ?? 0;
      return [{ token: new TextDecoder().decode(bytes), logprob, bytes: [...bytes] }];
    });
  }
}

function itemObject({ id, isCommitted }: Item) {
  return {
    id,
    object: 'realtime.item',
    type: 'message',
    status: isCommitted ? 'completed' : 'in_progress',
    role: 'user',
    content: [{ type: 'input_audio', transcript: null }],
  };
}
