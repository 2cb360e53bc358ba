/**
 * Broken documents, seeded: whatever a file does to its decoder, the caller gets pages or an AppError. BYTEFUSE_FUZZ sets
 * how many of each kind (20 where unset), BYTEFUSE_FUZZ_SEED where they begin.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../models/core/app-error.ts';
import { DocumentIntake } from '../../services/intake/document-intake.ts';
import { mutant, seeded, smallDocuments } from '../support/document-mutants.ts';

const COUNT = Number(process.env['BYTEFUSE_FUZZ'] ?? 20);
const FIRST_SEED = Number(process.env['BYTEFUSE_FUZZ_SEED'] ?? 1);
/** What a broken document may be called; anything else is a bug of ours. */
const CODES =
  /^(image_corrupt|image_too_large|pdf_corrupt|pdf_encrypted|document_(unrecognized|unsupported|too_many_pages|too_heavy|timeout|crashed))$/;

test('thousands of broken documents end as pages or as an error with a code', async (t) => {
  const intake = new DocumentIntake({ decodersMax: 1, memoryBytesMax: 700 * 1024 * 1024 });
  const outcomes = new Map<string, number>();
  const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  try {
    for (const [kind, bytes] of Object.entries(await smallDocuments())) {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + COUNT; seed++) {
        const broken = mutant(bytes, seeded(seed));
        try {
          const options = { pages: [[1, 3]] as const, dpi: 72, limits: { pixelsMax: 4_000_000, pageMsMax: 5000 } };
          const document = await intake.open(broken, options);
          for await (const page of document.pages()) {
            assert.equal(page.raster.rgb.length, page.raster.width * page.raster.height * 3);
          }
          count(`${kind}: read`);
        } catch (error) {
          assert.ok(error instanceof AppError && CODES.test(error.code), `${kind}, seed ${seed}: ${error}`);
          count(`${kind}: ${error.code}`);
          if (/crashed|timeout|heavy/.test(error.code)) t.diagnostic(`${kind}, seed ${seed}: ${error.message}`);
        }
      }
    }
  } finally {
    await intake.close();
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(outcomes)));
});
