/**
 * Real models in supervised processes: the recognizer is killed in the middle of two transcriptions, the combiner in the
 * middle of two more, and all end with the text of an undisturbed run.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bytefuseOver } from '../../services/app/bytefuse.ts';
import { composeSupervisedEngine } from '../../services/app/compose.ts';
import { DEFAULT_LLM, DEFAULT_MODEL, VAD_MODEL } from '../../services/app/ready-models.ts';
import type { SupervisorEvent } from '../../services/supervisor/supervisor.ts';
import { cachedModel, pullHint } from '../support/ready-models.ts';

const ready = await Promise.all([DEFAULT_MODEL, DEFAULT_LLM, VAD_MODEL].map(cachedModel));
const skip = ready.includes(null) && pullHint;
/** Compiled tests lie in dist/test/model; fixtures are not copied. */
const SPEECH = fileURLToPath(new URL('../../../fixtures/audio/speech-en.ogg', import.meta.url));
const REQUEST = { language: 'en', timestamps: 'word', llmWeight: 0.2 } as const;

test('transcriptions outlive the processes of their models and say the same', { skip }, async (t) => {
  const events: { readonly event: SupervisorEvent; readonly atMs: number }[] = [];
  const engine = await composeSupervisedEngine(
    {},
    { onEvent: (event) => events.push({ event, atMs: performance.now() }) },
  );
  const bytefuse = bytefuseOver(engine);
  try {
    const calm = await bytefuse.transcribe(SPEECH, REQUEST);
    assert.ok(calm.text.length > 20, calm.text);
    for (const role of ['speech', 'combiner']) {
      const results = [0, 1].map(() => bytefuse.transcribe(SPEECH, REQUEST));
      // In the middle of the first window: nobody has heard of a unit yet.
      await setTimeout(calm.timings.totalMs / 2);
      const killedMs = performance.now();
      process.kill(engine.fleet.report.find((part) => part.role === role)!.pid!, 'SIGKILL');
      const transcripts = await Promise.all(results);
      for (const { text, segments, warnings } of transcripts) {
        assert.equal(text, calm.text);
        assert.deepEqual(segments, calm.segments);
        assert.deepEqual(warnings, calm.warnings);
      }
      const again = events.find(
        ({ event, atMs }) =>
          event.kind === 'state' && event.role === role && event.state === 'ready' && atMs > killedMs,
      );
      assert.ok(again !== undefined, `${role} was killed and is ready again`);
      const tookMs = again.atMs - killedMs;
      t.diagnostic(`${role}: killed to ready ${Math.round(tookMs)} ms`);
    }
    const crashes = events.filter(({ event }) => event.kind === 'exited' && event.crash);
    assert.equal(crashes.length, 2);
  } finally {
    await bytefuse.close();
  }
});
