import type { Ledger } from './ledger.ts';
import type { Material } from './material.ts';

/** What every client of the soak works with. */
export interface Target {
  readonly port: number;
  readonly ledger: Ledger;
  readonly material: Material;
}

/**
 * Every request has to end within this time of its beginning. The longest on purpose, a live stream that is resumed or read
 * late, takes some 40 s; the rest is for queues of a machine that is busy with all lanes.
 */
export const ENTRY_MS_MAX = 180_000;
