/**
 * A process that makes a hub model ready, for tests of two processes at once and of one that is killed:
 * `node pull-process.js SPEC COUNT_FILE`, with cache and hub from the environment. Each conversion adds a line to
 * COUNT_FILE; the ready folder is printed.
 */

import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../models/core/app-error.ts';
import { parseHubSpec } from '../../models/manifest/artefact.ts';
import type { Converter } from '../../models/manifest/converted-model.ts';
import { openModelRoom } from '../../models/manifest/model-room.ts';

const [spec, countFile] = process.argv.slice(2) as [string, string];

const converter: Converter = {
  version: 'test',
  outputBytesMax: () => 1,
  async convert(job) {
    await appendFile(countFile, 'converted\n');
    await writeFile(join(job.outDir, 'step.onnx'), 'graph');
  },
};

try {
  const room = openModelRoom({ order: 'hub', converters: { llm: converter, whisper: converter } });
  const pulled = await room.pullHub(parseHubSpec(spec));
  process.stdout.write(`${pulled.folder}\n`);
} catch (error) {
  process.stderr.write(`${AppError.from(error).describe()}\n`);
  process.exitCode = 4;
}
