import { AppError, type ErrorCode } from '../../models/core/app-error.ts';

/** Why a recognizer would take no more live streams now; null: it would take one. As it crosses threads and processes. */
export type ToldRefusal = { readonly code: ErrorCode; readonly message: string } | null;

export function tellRefusal(refusal: AppError | null): ToldRefusal {
  return refusal && { code: refusal.code, message: refusal.message };
}

/** Asks whoever knows whether there is room for a live stream. Who asks while an answer is awaited shares it. */
export class RefusalQuestion {
  readonly #send: () => void;
  #asked: Promise<AppError | null> | undefined;
  #resolve: (refusal: AppError | null) => void = () => undefined;

  /** `send` puts the question to the one who knows. */
  constructor(send: () => void) {
    this.#send = send;
  }

  ask(): Promise<AppError | null> {
    this.#asked ??= new Promise((resolve) => {
      this.#resolve = resolve;
      this.#send();
    });
    return this.#asked;
  }

  /** The answer has come; null as well where none will. */
  answer(told: ToldRefusal): void {
    this.#asked = undefined;
    this.#resolve(told && new AppError(told.code, told.message));
  }
}
