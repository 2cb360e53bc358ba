import { commitPolicies } from '../../fusion/beam/agreed-prefix.ts';
import type { Device } from '../../models/session/onnx-session.ts';
import type { VoiceFinders } from '../../models/vad/turns.ts';
import { VoiceModel } from '../../models/vad/voice-detector.ts';
import { WhisperTranscriber } from '../../models/whisper/transcriber.ts';

/** The module that a recognizer worker loads to serve Whisper (RecognizerModule of recognizer-worker.ts). */

export interface WhisperConfig {
  /** Folder of the converted model. */
  readonly modelDir: string;
  /** The voice detector's graph; without it the `vad` option does nothing. */
  readonly vadFile?: string;
  readonly threads?: number;
  readonly device?: Device;
  /** LiveListening.loadMax */
  readonly liveLoadMax?: number;
}

/** Throws model_corrupt, device_unavailable. */
export async function createRecognizer(config: unknown): Promise<WhisperTranscriber> {
  // The composition root passes a WhisperConfig.
  const { modelDir, vadFile, liveLoadMax, ...options } = config as WhisperConfig;
  const vad = vadFile === undefined ? undefined : await VoiceModel.open(vadFile);
  const voices: VoiceFinders | undefined = vad && ((wanted) => vad.detector(wanted));
  const live = {
    policies: commitPolicies,
    ...(voices && { voices }),
    ...(liveLoadMax !== undefined && { loadMax: liveLoadMax }),
  };
  return WhisperTranscriber.open(modelDir, { ...options, ...(vad && { vad }), live });
}
