import { AppError } from '../../models/core/app-error.ts';
import type { Admission, Gate, RateLimit } from '../../services/ws/gate.ts';

export interface ToyAdmission extends Admission {
  heardS: number;
}

/** Lets everybody in, and counts what they send; `secondsMax` is the budget. */
export function toyAdmission(
  owner = 'local',
  secondsMax = Number.POSITIVE_INFINITY,
  limits: readonly RateLimit[] = [],
): ToyAdmission {
  const admission: ToyAdmission = {
    owner,
    heardS: 0,
    spendAudio: (seconds) => {
      if (admission.heardS + seconds > secondsMax) throw new AppError('rate_limited', 'The budget is used up.');
      admission.heardS += seconds;
    },
    rateLimits: () => limits,
    recheck: null,
  };
  return admission;
}

/** Keys are their owners' names: `key-NAME`; with `keys` null nobody needs one. */
export function toyGate(keys: readonly string[] | null): Gate {
  return {
    wantsKey: keys !== null,
    checkHeaders: ({ host, origin }) => {
      if (host !== undefined && !/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host)) {
        throw new AppError('forbidden', 'This host is not served here.', { param: 'host' });
      }
      if (origin !== undefined && origin !== `http://${host}`) {
        throw new AppError('forbidden', 'Pages of this origin may not call.', { param: 'origin' });
      }
    },
    checkConnection: () => undefined,
    admit: async (presented) => {
      if (keys === null) return toyAdmission();
      if (presented === null || !keys.includes(presented)) throw new AppError('unauthorized', 'This key is unknown.');
      return toyAdmission(presented.replace('key-', ''));
    },
  };
}
