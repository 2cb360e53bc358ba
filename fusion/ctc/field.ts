import { AppError } from '../../models/core/app-error.ts';
import type { ByteConstraint } from '../../models/core/byte-constraint.ts';
import type { FieldRule, LineUnit, PageUnit } from '../../models/core/page.ts';
import { fieldConstraint } from '../constraint/field-constraint.ts';
import { FIELDS_MAX } from './limits.ts';

/** A field takes the lines of which its box holds more than this share. */
const SHARE_MIN = 0.5;

/** A field's rule, compiled. */
export interface Field {
  readonly name: string;
  readonly box: FieldRule['box'];
  readonly constraint: ByteConstraint;
  /** Numbers, dates and the like: what a language model finds likely says nothing of which was printed. */
  readonly isFaithful: boolean;
}

/** @throws AppError invalid_option, which names the field */
export function compileFields(rules: readonly FieldRule[]): Field[] {
  if (rules.length > FIELDS_MAX) {
    throw new AppError('invalid_option', `There are ${rules.length} fields; at most ${FIELDS_MAX} are allowed`);
  }
  return rules.map(({ name, box, allow }) => {
    const [left, top, right, bottom] = box;
    if (!(left < right && top < bottom && box.every((share) => share >= 0 && share <= 1))) {
      const text = `The box of field ${name} is ${box.join(', ')}: left, top, right, bottom are shares of the page, 0 to 1`;
      throw new AppError('invalid_option', text);
    }
    return { name, box, constraint: fieldConstraint(name, allow), isFaithful: allow.kind === 'format' };
  });
}

/** The first field whose box holds most of the line, or null. */
export function fieldOf(fields: readonly Field[], unit: LineUnit, page: PageUnit): Field | null {
  return fields.find(({ box }) => shareInside(unit, page, box) > SHARE_MIN) ?? null;
}

/** Share of the line's upright bounding box that lies in `box`. */
function shareInside({ quad }: LineUnit, { widthPx, heightPx }: PageUnit, box: Field['box']): number {
  const xs = [quad[0], quad[2], quad[4], quad[6]];
  const ys = [quad[1], quad[3], quad[5], quad[7]];
  const across = overlap(Math.min(...xs), Math.max(...xs), box[0] * widthPx, box[2] * widthPx);
  const down = overlap(Math.min(...ys), Math.max(...ys), box[1] * heightPx, box[3] * heightPx);
  return across * down;
}

/** Share of `from .. to` that lies within `low .. high`. */
function overlap(from: number, to: number, low: number, high: number): number {
  if (to <= from) return from >= low && from <= high ? 1 : 0;
  return Math.max(0, Math.min(to, high) - Math.max(from, low)) / (to - from);
}
