import type { LiveEvent, LiveInput } from '../../models/core/live.ts';
import type { RecognizerSummary } from '../../models/core/recognizer.ts';

export type { LiveEvent, LiveFinal, LiveInput, LivePartial } from '../../models/core/live.ts';

/** `CombinerClient.listen`, or a toy. `O`: its options; `S`: what it returns at the end. */
export type Listen<O, S extends RecognizerSummary = RecognizerSummary> = (
  input: AsyncIterable<LiveInput>,
  options: O,
  call: { readonly signal?: AbortSignal | undefined },
) => AsyncGenerator<LiveEvent, S>;
