import type { Candidates, StreamMessage } from '../../fusion/protocol/messages.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { BeamPick, StepCandidates, StepwiseSource, StepwiseUnit } from '../../models/core/stepwise.ts';

/** A unit of a recognizer elsewhere, as the search sees it. */
export class RemoteSource implements StepwiseSource {
  readonly unit: StepwiseUnit;
  #stream: number;
  #alphabetSize: number;
  #send: (message: StreamMessage) => void;
  #width = 0;
  /** What the recognizer owes: candidates of `step` for `beams` beams. */
  #owed: { readonly step: number; readonly beams: number; readonly settle: Settle } | undefined;
  #nextStep = 0;
  #error: { readonly reason: unknown } | undefined;

  constructor(
    unit: StepwiseUnit,
    context: {
      readonly stream: number;
      readonly alphabetSize: number;
      readonly send: (message: StreamMessage) => void;
    },
  ) {
    this.unit = unit;
    this.#stream = context.stream;
    this.#alphabetSize = context.alphabetSize;
    this.#send = context.send;
  }

  start(width: number, signal?: AbortSignal): Promise<StepCandidates> {
    this.#width = width;
    this.#nextStep = 0;
    return this.#ask(1, signal, { type: 'start', stream: this.#stream, unit: this.unit.index, width });
  }

  advance(picks: readonly BeamPick[], signal?: AbortSignal): Promise<StepCandidates> {
    const step = this.#nextStep - 1;
    return this.#ask(picks.length, signal, {
      type: 'advance',
      stream: this.#stream,
      unit: this.unit.index,
      step,
      picks,
    });
  }

  /** Throws protocol_error for candidates out of turn or that do not fit what was asked. */
  receive({ step, beams }: Candidates): void {
    const owed = this.#owed;
    if (owed === undefined) throw wrong('type: candidates came unasked');
    if (step !== owed.step) throw wrong(`step: expected ${owed.step}, found ${step}`);
    if (beams.length !== owed.beams) throw wrong(`beams: expected ${owed.beams}, found ${beams.length}`);
    beams.forEach(({ ids }, beam) => {
      if (ids.length > this.#width) throw wrong(`beams[${beam}].ids: ${ids.length} where ${this.#width} were wanted`);
      for (const id of ids) {
        if (id >= this.#alphabetSize) throw wrong(`beams[${beam}].ids: ${id} in an alphabet of ${this.#alphabetSize}`);
      }
    });
    this.#owed = undefined;
    this.#nextStep = step + 1;
    owed.settle.resolve({ step, beams });
  }

  /** The stream is over: whoever waits, now or later, gets `error`. */
  fail(error: unknown): void {
    this.#error ??= { reason: error };
    this.#owed?.settle.reject(error);
    this.#owed = undefined;
  }

  async #ask(beams: number, signal: AbortSignal | undefined, message: StreamMessage): Promise<StepCandidates> {
    signal?.throwIfAborted();
    if (this.#error !== undefined) throw this.#error.reason;
    if (this.#owed !== undefined) throw new Error('one request at a time: the last candidates have not come yet');
    const answer = new Promise<StepCandidates>((resolve, reject) => {
      this.#owed = { step: this.#nextStep, beams, settle: { resolve, reject } };
    });
    // A search that fails beside its request may never look at the answer.
    answer.catch(() => undefined);
    this.#send(message);
    return answer;
  }
}

interface Settle {
  readonly resolve: (candidates: StepCandidates) => void;
  readonly reject: (error: unknown) => void;
}

function wrong(what: string): AppError {
  return new AppError('protocol_error', `Field ${what}.`);
}
