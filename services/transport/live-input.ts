import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import type { LiveInput } from '../../models/core/live.ts';

/** The samples or the mark that a message of a live stream brings; marks come in order with the audio. */
export function liveInputOf(message: StreamMessage): LiveInput | undefined {
  if (message.type === 'audio') return message.samples;
  return message.type === 'commit' || message.type === 'clear' ? message.type : undefined;
}

/** The message that takes it to a peer. */
export function liveInputMessage(stream: number, item: LiveInput): StreamMessage {
  return typeof item === 'string' ? { type: item, stream } : { type: 'audio', stream, samples: item };
}
