import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MelSpectrogram } from '../../../../models/whisper/mel.ts';

interface MelCase {
  readonly samples: number;
  readonly nMels: number;
  readonly frames: readonly number[];
  readonly values: readonly (readonly number[])[];
}

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../../../fixtures/golden/mel.json', import.meta.url)), 'utf8'),
) as { readonly tolerance: number; readonly cases: readonly MelCase[] };

/** The sound of fixtures/golden/mel.py. */
function sound(samples: number): Float32Array {
  let state = 12_345;
  return Float32Array.from({ length: samples }, (_, i) => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    const t = i / 16_000;
    return 0.4 * Math.sin(2 * Math.PI * (100 + 110 * t) * t) + 0.05 * (state / 2 ** 31 - 1);
  });
}

for (const each of golden.cases) {
  test(`${each.nMels} log-mel bins of ${each.samples} samples equal numpy's to ${golden.tolerance}`, () => {
    const { mel } = new MelSpectrogram(each.nMels).logMel(sound(each.samples), { frames: 3000 });
    let worst = { difference: 0, at: '' };
    each.frames.forEach((t, i) => {
      for (let m = 0; m < each.nMels; m++) {
        const [got, want] = [mel[m * 3000 + t]!, each.values[i]![m]!];
        const difference = Math.abs(got - want);
        if (!(difference <= worst.difference)) worst = { difference, at: `bin ${m} frame ${t}: ${got}, numpy ${want}` };
      }
    });
    assert.ok(worst.difference <= golden.tolerance, `differs by ${worst.difference} at ${worst.at}`);
  });
}

test('frames behind the audio hold the padding value, and frames that touch it do not', () => {
  const samples = sound(27_200);
  const { mel, realFrames, padding } = new MelSpectrogram(80).logMel(samples, { frames: 3000 });
  assert.equal(realFrames, 172);
  const column = (t: number): number[] => Array.from({ length: 80 }, (_, m) => mel[m * 3000 + t]!);
  assert.ok(column(realFrames).every((value) => value === Math.fround(padding)));
  assert.ok(column(realFrames - 1).some((value) => value !== Math.fround(padding)));
});

test('zero padding leaves the whole frames as they are and puts 0 behind them', () => {
  const samples = sound(27_200);
  const mels = new MelSpectrogram(80);
  const silence = mels.logMel(samples, { frames: 3000 });
  const zero = mels.logMel(samples, { frames: 3000, padding: 'zero' });
  assert.equal(zero.realFrames, 170);
  assert.equal(zero.mel[3000 * 40 + 169], silence.mel[3000 * 40 + 169]);
  assert.equal(zero.mel[3000 * 40 + 170], 0);
});

test('fewer frames cut the audio', () => {
  const short = new MelSpectrogram(80).logMel(sound(32_000), { frames: 100 });
  assert.equal(short.mel.length, 8000);
  assert.equal(short.realFrames, 100);
});
