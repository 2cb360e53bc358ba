import { AppError } from '../../models/core/app-error.ts';
import type { ByteConstraint } from '../../models/core/byte-constraint.ts';
import type { FieldRule } from '../../models/core/page.ts';
import { byteRegex } from './byte-regex.ts';
import { closedList } from './closed-list.ts';
import { formatConstraint } from './formats.ts';

/**
 * The automaton of what a field allows.
 * @throws AppError invalid_option, whose message names the field
 */
export function fieldConstraint(name: string, allow: FieldRule['allow']): ByteConstraint {
  try {
    switch (allow.kind) {
      case 'regex':
        return byteRegex(allow.pattern);
      case 'list':
        return closedList(allow.values);
      case 'format':
        return formatConstraint(allow.format);
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `Field ${name}: ${error.message}`, { cause: error });
  }
}
