/** What sessions need of a recognizer that hears as one speaks: `Bytefuse.listen`. Toys implement it in tests. */
import type { AppError } from '../../models/core/app-error.ts';
import type { ListenOptions, LiveEvent, LiveInput } from '../../models/core/live.ts';

/** Absent fields take the recognizer's defaults. */
export type ListenRequest = Partial<ListenOptions>;

export interface LiveSource {
  /** `audio` is pulled as there is room for it. Throws AppError: overloaded, peer_lost, ...; the signal's reason. */
  listen(
    audio: AsyncIterable<LiveInput>,
    request: ListenRequest,
    call: { readonly signal: AbortSignal },
  ): AsyncIterable<LiveEvent>;
  /** Why `listen` would refuse one more stream now; null where it would take one. Absent where `listen` alone can tell. */
  refusal?(): Promise<AppError | null>;
}
