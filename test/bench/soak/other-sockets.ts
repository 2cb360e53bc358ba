/** `/v1/realtime` at the pace of speech, and readings from a recognizer elsewhere over `/v1/fuse`. */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { decodeMessage, encodeMessage } from '../../../fusion/protocol/codec.ts';
import type { Message } from '../../../fusion/protocol/messages.ts';
import { SeededRandom } from '../../../services/eval/random.ts';
import { talk } from './material.ts';
import type { Action } from './schedule.ts';
import { closedEarly, dial, isRefusal, refuse } from './sockets.ts';
import { ENTRY_MS_MAX, type Target } from './target.ts';

/** 100 ms of 16 kHz, which become 100 ms of the 24 kHz that this protocol speaks. */
const CHUNK_BYTES = 3200;
const CHUNK_MS = 100;

/** One turn, committed by the client, which leaves once it has its transcript. */
export async function realtimeStream(target: Target, action: Action): Promise<void> {
  const entry = target.ledger.enter(action.kind, ENTRY_MS_MAX);
  /** It has got a place at the recognizer, which is asked for with the first audio. */
  let heard = false;
  const { pcm, language } = talk(target.material, new SeededRandom(action.seed));
  const socket = await dial(target.port, `/v1/realtime?intent=transcription&language=${language}`, {
    message: (data) => {
      const event = JSON.parse(String(data)) as { type: string; error?: { code?: string } };
      const code = event.error?.code ?? 'no code';
      if (event.type === 'session.created') entry.accept();
      else if (event.type === 'conversation.item.input_audio_transcription.completed') entry.answered();
      else if (event.type === 'conversation.item.input_audio_transcription.failed') entry.failed(code);
      else if (event.type === 'error') {
        if (heard) entry.failed(code);
        else entry.refused(code);
      } else if (event.type === 'input_audio_buffer.committed') heard = true;
    },
    closed: (status, reason) => closedEarly(target, entry, status, reason),
  });
  if (isRefusal(socket)) return refuse(target, entry, socket);
  const session = { type: 'transcription', audio: { input: { turn_detection: null } } };
  socket.send(JSON.stringify({ type: 'session.update', session }));
  const startMs = performance.now();
  for (let at = 0; at < pcm.length && entry.outcome === undefined; at += CHUNK_BYTES) {
    await setTimeout(Math.max(0, startMs + (at / CHUNK_BYTES) * CHUNK_MS - performance.now()));
    const audio = at24kHz(pcm.subarray(at, at + CHUNK_BYTES)).toString('base64');
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'input_audio_buffer.append', audio }));
  }
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'input_audio_buffer.commit' }));
  await entry.done();
  socket.close();
}

/** 16 kHz to 24 kHz by straight lines between samples: enough for load, and understood well. */
export function at24kHz(pcm: Buffer): Buffer {
  const samples = Math.floor(pcm.length / 2);
  const out = Buffer.alloc(2 * Math.floor(samples * 1.5));
  for (let i = 0; i < out.length / 2; i++) {
    const place = i / 1.5;
    const left = pcm.readInt16LE(2 * Math.floor(place));
    const right = pcm.readInt16LE(2 * Math.min(samples - 1, Math.floor(place) + 1));
    out.writeInt16LE(Math.round(left + (right - left) * (place % 1)), 2 * i);
  }
  return out;
}

const READINGS = [
  ['the whether is fine today', 'the weather is fine today'],
  ['we would like two tickets', 'we wood like two tickets'],
  ['their is no hurry', 'there is no hurry'],
];
const UNIT_MS = 2000;

/** Lists of readings, as the example of docs/streaming.md sends them. */
export async function fuseStream(target: Target, action: Action): Promise<void> {
  const entry = target.ledger.enter(action.kind, ENTRY_MS_MAX);
  const random = new SeededRandom(action.seed);
  const lists = random.shuffle([...READINGS]);
  const send = (message: Message): void => {
    if (!isRefusal(socket) && socket.readyState === socket.OPEN) socket.send(encodeMessage(message));
  };
  let partials = 0;
  const socket = await dial(target.port, '/v1/fuse?language=en', {
    message: (data) => {
      const frame = new Uint8Array(data as Buffer);
      const message = decodeMessage(frame);
      if (message.type === 'open') {
        entry.accept();
        for (const one of fuseMessages(lists)) send(one);
      } else if (message.type === 'partial') {
        partials++;
        send({ type: 'credit', stream: 1, bytes: frame.length });
      } else if (message.type === 'final') {
        if (partials !== lists.length) target.ledger.finding(`fuse: ${partials} partials of ${lists.length} units`);
        entry.answered();
      } else if (message.type === 'error') entry.failed(message.code);
    },
    closed: (status, reason) => closedEarly(target, entry, status, reason),
  });
  if (isRefusal(socket)) return refuse(target, entry, socket);
  const hash = createHash('sha256').digest('hex');
  send({
    type: 'hello',
    versions: [1],
    role: 'recognizer',
    name: 'soak',
    creditBytes: 1 << 20,
    recognizer: { modality: 'speech', kind: 'nbest', sampleRateHz: 16_000, alphabet: { size: 0, hash } },
  });
  await entry.done();
  socket.close();
}

function fuseMessages(lists: readonly (readonly string[])[]): Message[] {
  const units = lists.map((texts, unit): Message => {
    const readings = texts.map((text, i) => ({ text, logProb: -3 - 0.2 * i }));
    return {
      type: 'nbest',
      stream: 1,
      unit,
      startMs: UNIT_MS * unit,
      endMs: UNIT_MS * (unit + 1),
      language: 'en',
      readings,
    };
  });
  const summary = {
    task: 'transcribe' as const,
    language: 'en',
    languageProbability: 1,
    duration: (UNIT_MS * lists.length) / 1000,
    warnings: [],
    timings: { encodeMs: 0, recognizeMs: 0 },
  };
  return [...units, { type: 'summary', stream: 1, summary }];
}
