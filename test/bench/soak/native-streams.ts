/** Live speech over `/v1/stream`: to its end, broken and resumed, left without a goodbye, or read late. */
import { setTimeout } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { SAMPLE_RATE_HZ } from '../../../models/core/limits.ts';
import { SeededRandom } from '../../../services/eval/random.ts';
import type { Entry } from './ledger.ts';
import { type Speech, talk } from './material.ts';
import type { Action } from './schedule.ts';
import { closedEarly, dial, isRefusal, refuse } from './sockets.ts';
import { ENTRY_MS_MAX, type Target } from './target.ts';

/** What a microphone sends at a time. */
const CHUNK_BYTES = 3200;
const BYTES_PER_MS = (2 * SAMPLE_RATE_HZ) / 1000;
/** Time without a network, at most: well below the 60 s for which a session waits. */
const AWAY_MS_MAX = 4000;
/** A reader that stops does so for this long after its last audio: below two pings, which it cannot answer. */
const UNREAD_MS_MAX = 8000;
/** Attempts to come back where the service takes no more connections at that moment. */
const RETURNS_MAX = 8;
const RETURN_MS = 1000;

/** What the client knows of its session. */
interface Session {
  token: string;
  seq: number;
  receivedBytes: number;
  /** Committed text of each utterance. */
  readonly committed: Map<number, string>;
}

interface StreamEvent {
  readonly type: string;
  readonly seq: number;
  readonly [field: string]: unknown;
}

export async function nativeStream(target: Target, action: Action): Promise<void> {
  const random = new SeededRandom(action.seed);
  const client = new StreamClient(
    target,
    target.ledger.enter(action.kind, ENTRY_MS_MAX),
    talk(target.material, random),
  );
  await client.run(action, random);
}

class StreamClient {
  readonly #target: Target;
  readonly #entry: Entry;
  readonly #speech: Speech;
  readonly #session: Session = { token: '', seq: 0, receivedBytes: 0, committed: new Map() };
  /** The connection whose events count; undefined while there is none. */
  #socket: WebSocket | undefined;
  #greeted: () => void = () => {};

  constructor(target: Target, entry: Entry, speech: Speech) {
    this.#target = target;
    this.#entry = entry;
    this.#speech = speech;
  }

  async run({ kind, share }: Action, random: SeededRandom): Promise<void> {
    const { pcm, language } = this.#speech;
    const extra = { words: random.below(2) === 0, nBest: 1 + random.below(4), provenance: random.below(2) === 0 };
    const start = { type: 'start', audio: { format: 'pcm16', rate: SAMPLE_RATE_HZ }, language, ...extra };
    if (!(await this.#connect(start))) return;
    const breakAt = Math.floor((0.2 + 0.6 * share) * pcm.length);
    if (kind === 'stream-slow') this.#socket!.pause();
    const isWhole = kind === 'stream' || kind === 'stream-slow';
    await this.#speak(0, isWhole ? pcm.length : breakAt);
    if (!isWhole && this.#entry.outcome === undefined) {
      const broken = this.#socket!;
      this.#socket = undefined;
      broken.terminate();
      if (kind === 'stream-left') {
        this.#entry.canceled();
        return;
      }
      await setTimeout(random.below(AWAY_MS_MAX));
      if (!(await this.#comeBack())) return;
      await this.#speak(this.#session.receivedBytes, pcm.length);
    }
    this.#send('{"type":"end"}');
    if (kind === 'stream-slow') {
      await setTimeout(random.below(UNREAD_MS_MAX));
      this.#socket!.resume();
    }
    await this.#entry.done();
    this.#socket!.close();
  }

  /** False where the service took no new session. */
  async #connect(first: object): Promise<boolean> {
    const dialed = await this.#dial(first);
    if (dialed !== true) {
      refuse(this.#target, this.#entry, dialed);
      return false;
    }
    return this.#entry.outcome === undefined;
  }

  /** A session waits for its client: refused it may be only while there is no room for a connection. */
  async #comeBack(): Promise<boolean> {
    const { token } = this.#session;
    for (let attempt = 0; attempt < RETURNS_MAX && this.#entry.outcome === undefined; attempt++) {
      const dialed = await this.#dial({ type: 'start', resume: { token, seq: this.#session.seq } });
      if (dialed === true) return this.#entry.outcome === undefined;
      if (dialed.status !== 429 && dialed.status !== 503) break;
      await setTimeout(RETURN_MS);
    }
    this.#entry.lost('the session could not be resumed');
    return false;
  }

  async #dial(first: object): Promise<true | { status: number; code: string | null }> {
    const greeted = new Promise<void>((resolve) => {
      this.#greeted = resolve;
    });
    const socket = await dial(this.#target.port, '/v1/stream', {
      message: (data) => {
        if (this.#socket === socket) this.#take(JSON.parse(String(data)));
      },
      closed: (status, reason) => {
        if (this.#socket !== socket) return;
        closedEarly(this.#target, this.#entry, status, reason);
        this.#greeted();
      },
    });
    if (isRefusal(socket)) return socket;
    this.#socket = socket;
    this.#send(JSON.stringify(first));
    await Promise.race([greeted, this.#entry.done()]);
    return true;
  }

  /** At the pace of speech, from one byte to another. */
  async #speak(from: number, to: number): Promise<void> {
    const { pcm } = this.#speech;
    const startMs = performance.now();
    for (let at = from; at < to && this.#entry.outcome === undefined; at += CHUNK_BYTES) {
      await setTimeout(Math.max(0, startMs + (at - from) / BYTES_PER_MS - performance.now()));
      this.#send(pcm.subarray(at, Math.min(to, at + CHUNK_BYTES)));
    }
  }

  #send(data: string | Buffer): void {
    if (this.#socket?.readyState === this.#socket?.OPEN) this.#socket?.send(data);
  }

  #take(event: StreamEvent): void {
    const session = this.#session;
    switch (event.type) {
      case 'ready':
        this.#entry.accept();
        session.token = String(event['resumeToken']);
        session.receivedBytes = Number(event['audioReceivedBytes']);
        this.#greeted();
        break;
      case 'hypothesis':
        this.#checkCommitted(Number(event['utterance']), String(event['text']), Number(event['committed']));
        break;
      case 'error': {
        const code = String(event['code']);
        // A session without room for it is greeted and told at once.
        if (session.seq <= 1 && session.receivedBytes === 0) this.#entry.refused(code);
        else if (code === 'not_found') this.#entry.lost('the session was not kept for its client');
        else this.#entry.failed(code);
        break;
      }
      case 'end':
        this.#entry.answered();
        break;
    }
    if (event.type !== 'ready' && event.seq > 0 && event.seq <= session.seq) {
      this.#target.ledger.finding(`${this.#entry.kind}: event ${event.seq} came after ${session.seq}`);
    }
    session.seq = Math.max(session.seq, event.seq);
  }

  #checkCommitted(utterance: number, text: string, committed: number): void {
    const before = this.#session.committed.get(utterance) ?? '';
    if (!text.startsWith(before)) {
      this.#target.ledger.finding(`${this.#entry.kind}: committed "${before}" became "${text}"`);
    }
    this.#session.committed.set(utterance, text.slice(0, committed));
  }
}
