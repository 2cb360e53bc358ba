/**
 * Real models in supervised processes, live streams at the pace of speech: either process is killed in the middle. What has
 * to hold is checked (committed words stay, every utterance gets its finals); how long it took, and which words were heard
 * beside those of an undisturbed stream, is printed. On a busy machine a stream may be refused as `overloaded`: that is
 * what the service promises, and no measurement.
 *
 *   npm run bench -- live-crash --streams 10
 */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SAMPLE_RATE_HZ } from '../../models/core/limits.ts';
import type { LiveEvent, LiveFinal } from '../../models/core/live.ts';
import { joinedSamples } from '../../models/core/samples.ts';
import { defaultListenOptions } from '../../models/whisper/listen-defaults.ts';
import { composeSupervisedEngine } from '../../services/app/compose.ts';
import type { SupervisedEngine } from '../../services/supervisor/supervised-engine.ts';
import { readSamples } from '../support/samples.ts';
import type { BenchOptions } from './bench-options.ts';
import { table } from './bench-report.ts';
import { longestRepeat, overlapping } from './live-measures.ts';
import type { BenchResult } from './main.ts';

/** Compiled benches lie in dist/test/bench; fixtures are not copied. */
const SPEECH = fileURLToPath(new URL('../../../fixtures/audio/speech-en.ogg', import.meta.url));
const OPTIONS = { ...defaultListenOptions, language: 'en' };
const CHUNK_SECONDS = 0.1;
/** Silence after each sentence, for each stream there is: two cores hear about four people who talk without pause. */
const PAUSE_SECONDS = 1.5;

/** The samples as a microphone would send them, from `delayS` on. */
async function* spoken(samples: Float32Array, delayS: number): AsyncGenerator<Float32Array> {
  const startMs = performance.now() + 1000 * delayS;
  for (let at = 0; at < samples.length; at += CHUNK_SECONDS * SAMPLE_RATE_HZ) {
    const dueMs = startMs + (at / SAMPLE_RATE_HZ) * 1000;
    await setTimeout(Math.max(0, dueMs - performance.now()));
    yield samples.slice(at, at + CHUNK_SECONDS * SAMPLE_RATE_HZ);
  }
}

/** The clip three times, and silence after each. */
async function clip(pauseS: number): Promise<Float32Array> {
  const once = [await readSamples(SPEECH), new Float32Array(pauseS * SAMPLE_RATE_HZ)];
  return joinedSamples([...once, ...once, ...once]);
}

async function hear(engine: SupervisedEngine, samples: Float32Array, into: LiveEvent[], delayS = 0): Promise<void> {
  for await (const event of engine.listen(spoken(samples, delayS), OPTIONS, {})) into.push(event);
}

const fused = (events: readonly LiveEvent[]) =>
  events.flatMap((event): LiveFinal[] => (event.kind === 'final' && event.stage === 'fused' ? [event] : []));

export async function run({ flags }: BenchOptions): Promise<BenchResult> {
  const streams = Number(flags.get('streams') ?? 1);
  const samples = await clip(PAUSE_SECONDS * streams);
  // What ten streams at once would cost is not the question here: all are let in.
  const engine = await composeSupervisedEngine({ liveLoadMax: 100 });
  const rows: (string | number)[][] = [];
  try {
    const calm: LiveEvent[] = [];
    await hear(engine, samples, calm);
    check(calm);
    rows.push(['none', 1, '', 0, doubled([calm]), textsOf(calm)]);
    for (const role of ['speech', 'combiner']) {
      const heard: LiveEvent[][] = Array.from({ length: streams }, () => []);
      const running = heard.map((events, i) => hear(engine, samples, events, i * PAUSE_SECONDS));
      await setTimeout((samples.length / SAMPLE_RATE_HZ / 2) * 1000);
      const killedMs = performance.now();
      process.kill(engine.fleet.report.find((part) => part.role === role)!.pid!, 'SIGKILL');
      while (engine.fleet.whole) await setTimeout(5);
      while (!engine.fleet.whole) await setTimeout(5);
      const tookMs = Math.round(performance.now() - killedMs);
      await Promise.all(running);
      for (const events of heard) check(events);
      const degraded = heard.flatMap(fused).filter((final) => final.degraded).length;
      rows.push([role, streams, tookMs, degraded, doubled(heard), textsOf(heard[0]!)]);
    }
  } finally {
    await engine.close();
  }
  const counts = ['ready again after ms', 'finals degraded', 'sentences said twice'];
  // What an undisturbed stream heard, beside what each of these did.
  const header = ['killed', 'streams', ...counts, 'texts of the first stream'];
  return { tables: [table(header, rows)], results: rows };
}

const textsOf = (events: readonly LiveEvent[]) =>
  fused(events)
    .map(({ text }) => text)
    .join(' | ');

/**
 * Finals in which the sentence stands twice. The clip is one sentence three times over, so equal finals that follow each
 * other are right; and it invites the models to say again what they were shown.
 */
function doubled(heard: readonly (readonly LiveEvent[])[]): number {
  const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
  return heard.flatMap(fused).filter(({ text }) => longestRepeat(words(text)) > 3).length;
}

/** Committed words stay, every utterance gets its final, and no two share audio. */
function check(events: readonly LiveEvent[]): void {
  assert.equal(overlapping(events), 0);
  const committed = new Map<number, string>();
  for (const event of events) {
    if (event.kind !== 'partial' && event.kind !== 'final') continue;
    const before = committed.get(event.utterance) ?? '';
    const text = event.kind === 'final' ? event.text : event.committed;
    assert.ok(text.startsWith(before), `"${before}" became "${text}"`);
    if (event.kind === 'partial') committed.set(event.utterance, text);
  }
  const begun = new Set(events.flatMap((event) => (event.kind === 'speech-start' ? [event.utterance] : [])));
  assert.deepEqual(
    fused(events).map(({ utterance }) => utterance),
    [...begun],
  );
}
