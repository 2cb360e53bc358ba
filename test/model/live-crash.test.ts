/**
 * Real models in supervised processes, live streams at the pace of speech: either process is killed in the middle. All
 * words that were committed stay, and every utterance gets its finals. Which words are heard in time depends on how busy the
 * machine is, so texts are printed beside those of an undisturbed stream and not compared.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openAudio } from '../../models/audio/audio-file.ts';
import type { LiveEvent, LiveFinal } from '../../models/core/live.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { composeSupervisedEngine } from '../../services/app/compose.ts';
import { DEFAULT_LLM, DEFAULT_MODEL, VAD_MODEL } from '../../services/app/ready-models.ts';
import type { SupervisedEngine } from '../../services/supervisor/supervised-engine.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';

const ready = await Promise.all([DEFAULT_MODEL, DEFAULT_LLM, VAD_MODEL].map(cachedModel));
const skip = ready.includes(null) && pullHint;
/** Compiled tests lie in dist/test/model; fixtures are not copied. */
const SPEECH = fileURLToPath(new URL('../../../fixtures/audio/speech-en.ogg', import.meta.url));
const OPTIONS = { ...defaultListenOptions, language: 'en' };
const RATE = 16_000;
const CHUNK_SECONDS = 0.1;
const STREAMS = 1;
/** What the service promises: ready again within this time. */
const READY_MS_MAX = 5000;

/** The clip three times with silence between, as a microphone would send it. */
async function* spoken(samples: Float32Array): AsyncGenerator<Float32Array> {
  const startMs = performance.now();
  for (let at = 0; at < samples.length; at += CHUNK_SECONDS * RATE) {
    const dueMs = startMs + (at / RATE) * 1000;
    await setTimeout(Math.max(0, dueMs - performance.now()));
    yield samples.slice(at, at + CHUNK_SECONDS * RATE);
  }
}

async function clip(): Promise<Float32Array> {
  const source = await openAudio(SPEECH);
  const chunks: Float32Array[] = [];
  for await (const chunk of source.chunks()) chunks.push(chunk);
  await source.close();
  const once = [...chunks, new Float32Array(1.5 * RATE)];
  const all = [...once, ...once, ...once];
  const samples = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of all) {
    samples.set(chunk, at);
    at += chunk.length;
  }
  return samples;
}

async function hear(engine: SupervisedEngine, samples: Float32Array, into: LiveEvent[]): Promise<void> {
  for await (const event of engine.listen(spoken(samples), OPTIONS, {})) into.push(event);
}

const fused = (events: readonly LiveEvent[]) =>
  events.flatMap((event): LiveFinal[] => (event.kind === 'final' && event.stage === 'fused' ? [event] : []));

test('live streams outlive the processes of their models', { skip }, async (t) => {
  const samples = await clip();
  const engine = await composeSupervisedEngine({});
  try {
    const calm: LiveEvent[] = [];
    await hear(engine, samples, calm);
    const wanted = fused(calm).map(({ text }) => text);
    t.diagnostic(`${samples.length / RATE} s; undisturbed: ${wanted.join(' | ')}`);
    for (const role of ['speech', 'combiner']) {
      const heard: LiveEvent[][] = Array.from({ length: STREAMS }, () => []);
      const streams = heard.map((events) => hear(engine, samples, events));
      await setTimeout((samples.length / RATE / 2) * 1000);
      const killedMs = performance.now();
      process.kill(engine.fleet.report.find((part) => part.role === role)!.pid!, 'SIGKILL');
      while (engine.fleet.whole) await setTimeout(5);
      while (!engine.fleet.whole) await setTimeout(5);
      const tookMs = performance.now() - killedMs;
      t.diagnostic(`${role}: killed to whole ${Math.round(tookMs)} ms`);
      assert.ok(tookMs < READY_MS_MAX, `${tookMs} ms`);
      await Promise.all(streams);
      for (const events of heard) {
        const finals = fused(events);
        const committed = new Map<number, string>();
        for (const event of events) {
          if (event.kind !== 'partial' && event.kind !== 'final') continue;
          const before = committed.get(event.utterance) ?? '';
          const text = event.kind === 'final' ? event.text : event.committed;
          assert.ok(text.startsWith(before), `"${before}" became "${text}"`);
          if (event.kind === 'partial') committed.set(event.utterance, text);
        }
        const texts = finals.map(({ text }) => text);
        const degraded = finals.filter((final) => final.degraded).length;
        t.diagnostic(`${role}: ${degraded} of ${finals.length} degraded; ${texts.join(' | ')}`);
        const begun = new Set(events.flatMap((event) => (event.kind === 'speech-start' ? [event.utterance] : [])));
        assert.deepEqual(
          finals.map(({ utterance }) => utterance),
          [...begun],
        );
        assert.ok(texts.join('').length > 20);
      }
    }
  } finally {
    await engine.close();
  }
});
