import type { Advance, Chosen, Start, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { StepCandidates, StepwiseSource, UnitOutcome } from '../../models/core/stepwise.ts';

/**
 * One unit whose search runs at the other end: announces the unit, answers `start` and `advance` with candidates, and
 * ends with `chosen`. Strictly one request at a time: the peer waits for candidates before it sends the next pick.
 */
export class RemoteUnitSearch {
  /** What the search chose. Rejects where the source fails or the stream ends. */
  readonly outcome: Promise<UnitOutcome>;
  #source: StepwiseSource;
  #stream: number;
  #alphabetSize: number;
  #signal: AbortSignal;
  #send: (message: StreamMessage) => void;
  #last: StepCandidates | undefined;
  #busy = false;
  #settle!: { resolve: (outcome: UnitOutcome) => void; reject: (error: unknown) => void };

  constructor(
    source: StepwiseSource,
    context: {
      readonly stream: number;
      readonly alphabetSize: number;
      readonly signal: AbortSignal;
      readonly send: (message: StreamMessage) => void;
    },
  ) {
    this.#source = source;
    this.#stream = context.stream;
    this.#alphabetSize = context.alphabetSize;
    this.#signal = context.signal;
    this.#send = context.send;
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#send({ type: 'unit', stream: this.#stream, unit: source.unit });
  }

  /** Throws protocol_error for a message out of turn or a pick that names nothing. */
  receive(message: Start | Advance | Chosen): void {
    if (this.#busy) throw wrong(`type: ${message.type} came before the candidates of the last request`);
    if (message.type === 'start') this.#start(message);
    else if (message.type === 'advance') this.#advance(message);
    else this.#chosen(message);
  }

  fail(error: unknown): void {
    this.#settle.reject(error);
  }

  #start({ width }: Start): void {
    // A second start begins anew: a search may want to look at the unit twice.
    this.#last = undefined;
    this.#answer(this.#source.start(width, this.#signal));
  }

  #advance({ step, picks }: Advance): void {
    const last = this.#last;
    if (last === undefined) throw wrong('type: advance came before start');
    if (step !== last.step) throw wrong(`step: expected ${last.step}, found ${step}`);
    picks.forEach(({ beam, token }, i) => {
      if (beam >= last.beams.length) throw wrong(`beams[${i}]: ${beam} of ${last.beams.length} live beams`);
      if (token >= this.#alphabetSize) throw wrong(`tokens[${i}]: ${token} in an alphabet of ${this.#alphabetSize}`);
    });
    this.#answer(this.#source.advance(picks, this.#signal));
  }

  #chosen({ outcome }: Chosen): void {
    outcome.hypotheses.forEach(({ tokens }, i) => {
      const outside = tokens.find((token) => token >= this.#alphabetSize);
      if (outside !== undefined) throw wrong(`outcome.hypotheses[${i}].tokens: ${outside} of ${this.#alphabetSize}`);
    });
    this.#settle.resolve(outcome);
  }

  #answer(candidates: Promise<StepCandidates>): void {
    this.#busy = true;
    candidates
      .then((found) => {
        this.#busy = false;
        this.#last = found;
        const { step, beams } = found;
        if (this.#signal.aborted) return;
        this.#send({ type: 'candidates', stream: this.#stream, unit: this.#source.unit.index, step, beams });
      })
      .catch((error: unknown) => this.#settle.reject(error));
  }
}

function wrong(what: string): AppError {
  return new AppError('protocol_error', `Field ${what}.`);
}
