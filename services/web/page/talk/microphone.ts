/** The microphone as PCM16 at one rate, through an AudioWorklet. */
import type { CapturedPiece } from './capture-worklet.ts';

export interface Microphone {
  readonly rateHz: number;
  /** Resolves once the last piece was handed out. */
  stop(): Promise<void>;
}

/** What the recognizers hear anyway: a third of what the device would send. */
const WANTED_RATE_HZ = 16_000;

/**
 * Asks for the microphone and starts it. `onStart` gets the rate before the first piece. Throws DOMException as
 * getUserMedia does (NotAllowedError, NotFoundError), and with the name SecurityError where the page is not secure.
 */
export async function openMicrophone(on: {
  start(rateHz: number): void;
  piece(samples: Int16Array<ArrayBuffer>, loudness: number): void;
  /** The device went away by itself. */
  gone(): void;
}): Promise<Microphone> {
  if (!isSecureContext || navigator.mediaDevices === undefined) {
    throw new DOMException('the page is not secure', 'SecurityError');
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: true },
  });
  const context = contextFor(stream);
  const [track] = stream.getAudioTracks();
  try {
    await context.audio.audioWorklet.addModule(new URL('./capture-worklet.js', import.meta.url));
    const node = new AudioWorkletNode(context.audio, 'capture', { numberOfOutputs: 0 });
    const over = new Promise<void>((resolve) => {
      node.port.onmessage = ({ data }: MessageEvent<CapturedPiece>) => {
        if (data.samples.length > 0) on.piece(data.samples, data.loudness);
        if (data.isLast) resolve();
      };
    });
    on.start(context.audio.sampleRate);
    context.source.connect(node);
    await context.audio.resume();
    track?.addEventListener('ended', on.gone);
    return {
      rateHz: context.audio.sampleRate,
      stop: async () => {
        track?.removeEventListener('ended', on.gone);
        node.port.postMessage('stop');
        await over;
        release(stream, context.audio);
      },
    };
  } catch (error) {
    release(stream, context.audio);
    throw error;
  }
}

/** Browsers that cannot connect a microphone to a context of another rate take the rate of the device. */
function contextFor(stream: MediaStream): { audio: AudioContext; source: MediaStreamAudioSourceNode } {
  const audio = new AudioContext({ sampleRate: WANTED_RATE_HZ });
  try {
    return { audio, source: audio.createMediaStreamSource(stream) };
  } catch {
    void audio.close();
    const native = new AudioContext();
    return { audio: native, source: native.createMediaStreamSource(stream) };
  }
}

function release(stream: MediaStream, audio: AudioContext): void {
  for (const track of stream.getTracks()) track.stop();
  void audio.close();
}
