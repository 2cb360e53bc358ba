/**
 * The real models over every transport: worker threads with a MessagePort, and a recognizer that dials in over a
 * WebSocket, give the same transcript. Set BYTEFUSE_TEST_WHISPER (and BYTEFUSE_TEST_LLM, for a fused search) to folders
 * with converted models.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openAudio } from '../../models/audio/audio-file.ts';
import type { TranscribeOptions, Transcript } from '../../models/core/transcript.ts';
import { defaultTranscribeOptions } from '../../models/whisper/transcribe-defaults.ts';
import { type LocalWorkers, startLocalWorkers } from '../../services/combiner/local-workers.ts';
import { dialCombiner } from '../../services/recognizer/dial-combiner.ts';
import { listenWebSocket } from '../../services/transport/web-socket-listener.ts';

const WHISPER = process.env['BYTEFUSE_TEST_WHISPER'];
const LLM = process.env['BYTEFUSE_TEST_LLM'];
const skip = WHISPER === undefined && 'BYTEFUSE_TEST_WHISPER names no folder with a converted Whisper model';
/** Compiled tests lie in dist/test/model; fixtures are not copied. */
const SPEECH = fileURLToPath(new URL('../../../fixtures/audio/speech-en.ogg', import.meta.url));

const RECOGNIZER = {
  url: new URL('../../services/recognizer/whisper-module.js', import.meta.url).href,
  config: { modelDir: WHISPER },
};
const SEARCH = {
  url: new URL('../../services/combiner/fusion-module.js', import.meta.url).href,
  config: { llmDir: LLM ?? null },
};
const OPTIONS: TranscribeOptions = {
  ...defaultTranscribeOptions,
  language: 'en',
  nBest: 3,
  timestamps: 'word',
  llmWeight: LLM === undefined ? 0 : 0.2,
};

async function transcribe(workers: LocalWorkers): Promise<Transcript> {
  const audio = await openAudio(SPEECH);
  try {
    return await workers.client.transcribe(audio.chunks(), OPTIONS);
  } finally {
    await audio.close();
  }
}

/** The transcript without what two runs may differ in: times taken. */
function untimed(transcript: Transcript) {
  const units = transcript.units.map((unit) => ({ ...unit, stats: { ...unit.stats, llmMs: 0 } }));
  return { ...transcript, units, timings: null };
}

async function overThreads(): Promise<Transcript> {
  const workers = startLocalWorkers({ recognizer: RECOGNIZER, search: SEARCH });
  try {
    return await transcribe(workers);
  } finally {
    await workers.close();
  }
}

async function overWebSocket(): Promise<Transcript> {
  const workers = startLocalWorkers({ recognizer: null, search: SEARCH });
  const listener = await listenWebSocket(
    { host: '127.0.0.1', port: 0 },
    { key: 'shared', onChannel: (channel) => workers.addRecognizer(channel) },
  );
  const served = dialCombiner({
    url: listener.url,
    key: 'shared',
    recognizer: RECOGNIZER,
    waitMs: 10_000,
    redial: false,
    signal: new AbortController().signal,
    onState: () => undefined,
  });
  try {
    return await transcribe(workers);
  } finally {
    await listener.close();
    await served;
    await workers.close();
  }
}

test('threads and a WebSocket give the same transcript, scores and words included', { skip }, async () => {
  const near = await overThreads();
  const far = await overWebSocket();
  assert.match(near.text, /\w/);
  assert.equal(near.units[0]!.hypotheses.length, 3);
  assert.deepEqual(untimed(far), untimed(near));
});
