import { systemClock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { Engine, EngineFacts } from '../app/engine.ts';
import { joinFuser } from '../combiner/fuse-stream.ts';
import { refuseChannel } from '../transport/peer-link.ts';
import { CrashRecord } from './crash-record.ts';
import type { Lines } from './engine-lines.ts';
import { FUSED_WAIT_MS_MAX } from './limits.ts';
import { type FleetOptions, ProcessFleet, type RoleReport } from './process-fleet.ts';
import { readRepeatedly } from './repeated-reading.ts';
import { transcribeRepeatedly } from './repeated-transcription.ts';
import { resumableListen } from './resumable-listen.ts';
import { SuspectLane } from './suspect-lane.ts';

/** An engine whose models run in processes of their own, and which outlives them. */
export interface SupervisedEngine extends Engine {
  readonly fleet: Pick<ProcessFleet, 'whole' | 'report' | 'recycle' | 'take' | 'isFused'>;
  /** Shared by all calls that may have crashed a process; live streams take it as well (resumable-listen.ts). */
  readonly lane: SuspectLane;
  /** Ends the processes; calls under way have `drainMsMax` to finish, none by default. May be called twice. */
  close(drainMsMax?: number): Promise<void>;
}

export interface SupervisedEngineOptions extends FleetOptions {
  readonly facts: EngineFacts;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts the processes and waits until all are ready. Throws AppError: usage (no Unix sockets here), the code with which a
 * model failed to load, peer_lost (a process kept crashing), canceled.
 */
export async function startSupervisedEngine(options: SupervisedEngineOptions): Promise<SupervisedEngine> {
  const fleet = await ProcessFleet.start(options);
  try {
    await fleet.ready(options.signal);
  } catch (error) {
    await fleet.stop();
    throw error;
  }
  const lane = new SuspectLane();
  return {
    facts: options.facts,
    fleet,
    lane,
    ...engineOver(fleet, lane),
    isDegraded: () => !fleet.whole,
    liveRefusal: () => fleet.liveRefusal(),
    fuse: (recognizer, openers) => {
      fleet.dialCombiner().then(
        (combiner) => joinFuser(recognizer, combiner, openers),
        (error: unknown) => refuseChannel(recognizer, AppError.from(error)),
      );
    },
    close: (drainMsMax = 0) => fleet.stop(drainMsMax),
  };
}

/** The calls of an engine over any lines: tests give some that break when told to. */
export function engineOver(lines: Lines, lane = new SuspectLane()): Pick<Engine, 'transcribe' | 'listen' | 'read'> {
  const record = new CrashRecord(systemClock);
  const common = { lines, lane, fusedWaitMs: FUSED_WAIT_MS_MAX };
  return {
    transcribe: (audio, request, call) => transcribeRepeatedly(audio, request, call, { ...common, record }),
    listen: resumableListen({
      lines,
      lane,
      open: (line, returning) => (audio, request, call) => line.client.listen(audio, { ...request, returning }, call),
    }),
    read: (images, request, { signal }) => readRepeatedly(images, request, signal, common),
  };
}

export type { RoleReport };
