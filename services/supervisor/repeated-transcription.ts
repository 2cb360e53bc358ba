import type { TranscribeOptions, Transcript } from '../../models/core/transcript.ts';
import type { EngineCall, RepeatableAudio } from '../app/engine.ts';
import { CrashBudget, inputCrashes, isLost } from './crash-budget.ts';
import type { CrashRecord } from './crash-record.ts';
import type { Line, Lines } from './engine-lines.ts';
import { SUSPECT_UNITS } from './limits.ts';
import { DEGRADED } from './repeated-reading.ts';
import type { SuspectLane } from './suspect-lane.ts';

export interface RepeatedTranscriptionOptions {
  readonly lines: Lines;
  readonly lane: SuspectLane;
  readonly record: CrashRecord;
  readonly fusedWaitMs: number;
}

/**
 * Transcribes; where the audio can be had again, the loss of a process is answered by starting once more from the
 * beginning, and the caller hears of each unit once. Throws InterruptedError peer_lost (the audio is gone with the
 * process), input_crashes (it ended its process twice, now or a while ago), and the codes of CombinerClient.transcribe.
 */
export async function transcribeRepeatedly(
  audio: AsyncIterable<Float32Array>,
  options: TranscribeOptions,
  call: EngineCall,
  { lines, lane, record, fusedWaitMs }: RepeatedTranscriptionOptions,
): Promise<Transcript> {
  const { signal, repeatable } = call;
  if (repeatable !== undefined && record.any && record.has(await repeatable.identity())) throw inputCrashes();
  const budget = new CrashBudget();
  let unitsTold = 0;
  let source = audio;
  for (;;) {
    const leave = budget.crashes > 0 ? await lane.enter(signal) : undefined;
    const suspectUntil = unitsTold + SUSPECT_UNITS;
    let line: Line | undefined;
    try {
      line = await lines.take({ modality: 'speech', fusedWaitMs, signal });
      const transcript = await line.client.transcribe(source, options, {
        signal: AbortSignal.any([signal, line.gone]),
        onPartial: (unit, index) => {
          if (index >= suspectUntil) {
            budget.passed();
            leave?.();
          }
          if (index < unitsTold) return;
          unitsTold++;
          call.onPartial(unit);
        },
      });
      return line.degraded ? { ...transcript, warnings: [...transcript.warnings, DEGRADED] } : transcript;
    } catch (error) {
      if (line === undefined || !isLost(error, signal) || repeatable === undefined) throw error;
      await spend(budget, await line.loss(), error, repeatable, record);
      source = repeatable.again();
    } finally {
      line?.release();
      leave?.();
    }
  }
}

/** An input that spent its crashes is remembered. */
async function spend(
  budget: CrashBudget,
  loss: Awaited<ReturnType<Line['loss']>>,
  error: unknown,
  repeatable: RepeatableAudio,
  record: CrashRecord,
): Promise<void> {
  try {
    budget.spend(loss, error);
  } catch (spent) {
    if (loss === 'crash') record.add(await repeatable.identity());
    throw spent;
  }
}
