/** The development data reads whole, with the counts that its README states. Needs no model, only the data. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataSet } from '../../services/eval/data/data-set.ts';
import type { EvalTask } from '../../services/eval/results.ts';

const data = process.env['BYTEFUSE_DATA'];
const skip = data ? false : 'set BYTEFUSE_DATA to the folder of the development data';

const EXPECTED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  audio: {
    aishell1: 100,
    ljspeech: 35,
    harvard: 11,
    'azure-long': 6,
    librispeech: 2,
    jfk: 1,
    'pocketsphinx-librivox': 5,
    'pocketsphinx-cards': 5,
    speech_recognition: 3,
  },
  ocr: {
    cnocr: 17,
    rapidocr: 13,
    'paddle-doc': 20,
    easyocr: 2,
    ycg09: 3,
    'crnn-sample': 2,
    'tesseract-test': 5,
    'scribeocr-benchmark': 6,
    sroie: 20,
    pdf: 7,
    'tr-drawn': 46,
  },
  gec: {
    'mucgec-dev': 1137,
    'fcgec-valid': 2000,
    'faspell-train': 3575,
    'sighan13-test': 1000,
    'boun-clitics-dev': 1842,
    'trspell-10': 9488,
  },
};

for (const [folder, task] of [
  ['audio', 'asr'],
  ['ocr', 'ocr'],
  ['gec', 'gec'],
] as const satisfies readonly (readonly [string, EvalTask])[]) {
  test(`the sets in ${folder} have the items that their README states`, { skip }, async () => {
    const dataSet = await openDataSet(join(data!, folder), { task });
    const counts: Record<string, number> = {};
    for await (const { set } of dataSet.items()) counts[set] = (counts[set] ?? 0) + 1;
    assert.deepEqual(counts, EXPECTED[folder]);
  });
}
