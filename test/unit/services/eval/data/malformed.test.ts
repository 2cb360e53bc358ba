import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../../../../models/core/app-error.ts';
import type { DataForm } from '../../../../../services/eval/data/detect.ts';
import type { EvalTask } from '../../../../../services/eval/results.ts';
import { readCases } from '../../../../support/case-file.ts';
import { dataFolder, readAll } from './temporary-data.ts';

const INVALID = '␀';

/** `wav.scp: u1 a.wav ¦ text: u1 one` to files. */
function filesOf(input: string): [name: string, content: Buffer][] {
  return input.split(' ¦ ').map((part) => {
    const colon = part.indexOf(': ');
    const text = part
      .slice(colon + 2)
      .replaceAll('⏎', '\n')
      .replaceAll('⇥', '\t');
    const pieces = text
      .split(INVALID)
      .flatMap((piece, i) => [...(i > 0 ? [Buffer.from([0xff])] : []), Buffer.from(piece)]);
    return [part.slice(0, colon), Buffer.concat(pieces)];
  });
}

for (const { input, expected, options, where } of readCases('fixtures/cases/eval-data/malformed.cases.txt')) {
  test(`${where}: ${expected}`, async () => {
    const files = filesOf(input);
    const beside = { 'a.wav': 'x', 'b.wav': 'x', 'empty.txt': '\n' };
    const folder = await dataFolder({ ...beside, ...Object.fromEntries(files) });
    const form = options.get('form') as DataForm | undefined;
    const reading = readAll(join(folder, files[0]![0]), {
      task: options.get('task') as EvalTask,
      ...(form && { form }),
    });
    await assert.rejects(reading, (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.equal(error.message, expected);
      assert.ok(['manifest_malformed', 'file_not_found'].includes(error.code), error.code);
      return true;
    });
  });
}
