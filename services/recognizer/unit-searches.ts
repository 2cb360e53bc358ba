import { UNITS_PENDING_MAX } from '../../fusion/protocol/limits.ts';
import type { StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { StepwiseSource, UnitOutcome } from '../../models/core/stepwise.ts';
import { type IncomingStream, unexpected } from '../transport/incoming-stream.ts';
import { RemoteUnitSearch } from './remote-search.ts';

/** The units of one stream whose searches run at the combiner. */
export class UnitSearches {
  readonly #alphabetSize: number;
  readonly #units = new Map<number, RemoteUnitSearch>();
  #stopped = false;

  constructor(alphabetSize: number) {
    this.#alphabetSize = alphabetSize;
  }

  /** Throws protocol_error for a message that is not of a search, or of none that runs. */
  receive(message: StreamMessage): void {
    if (message.type !== 'start' && message.type !== 'advance' && message.type !== 'chosen') throw unexpected(message);
    const unit = this.#units.get(message.unit);
    if (unit !== undefined) unit.receive(message);
    else if (!this.#stopped) {
      throw new AppError('protocol_error', `Field unit: unit ${message.unit} is not waiting for a search.`);
    }
  }

  /** The stream is over: whoever waits for a search gets `error`. */
  stop(error: AppError): void {
    this.#stopped = true;
    for (const unit of this.#units.values()) unit.fail(error);
  }

  /** Announces the unit and resolves with what the combiner chose. */
  search(source: StepwiseSource, input: IncomingStream<unknown>): Promise<UnitOutcome> {
    const outcome = this.#search(source, input);
    // A transcriber that sees its signal first may never look at the outcome.
    outcome.catch(() => undefined);
    return outcome;
  }

  async #search(source: StepwiseSource, { id, link, signal }: IncomingStream<unknown>): Promise<UnitOutcome> {
    const { index } = source.unit;
    signal.throwIfAborted();
    if (this.#units.has(index)) throw new Error(`unit ${index} is searched twice`);
    if (this.#units.size >= UNITS_PENDING_MAX) throw new Error(`more than ${UNITS_PENDING_MAX} units are searched`);
    const unit = new RemoteUnitSearch(source, {
      stream: id,
      alphabetSize: this.#alphabetSize,
      signal,
      send: (message) => link.send(message),
    });
    this.#units.set(index, unit);
    try {
      return await unit.outcome;
    } finally {
      this.#units.delete(index);
    }
  }
}
