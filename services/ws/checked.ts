import { type Check, isMap } from '../../fusion/protocol/schema.ts';
import { AppError } from '../../models/core/app-error.ts';

/** A JSON object. Throws invalid_option, with `what` the message is in words. */
export function parsedObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError('invalid_option', `${what} is no JSON.`, { cause: error });
  }
  if (!isMap(value)) throw new AppError('invalid_option', `${what} is no JSON object.`);
  return value;
}

/**
 * The value, checked by a schema of the protocol room, whose errors are told as a client of this service expects them:
 * unsupported_parameter for a field that is not known, else invalid_option; `param` names the field.
 */
export function checked<T>(check: Check<T>, value: unknown, path = ''): T {
  try {
    return check(value, path);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'protocol_error') throw error;
    const param = /^Field ([^\s:]+)/.exec(error.message)?.[1];
    const code = error.message.endsWith('is not known here.') ? 'unsupported_parameter' : 'invalid_option';
    throw new AppError(code, error.message, { cause: error, ...(param === undefined ? {} : { param }) });
  }
}
