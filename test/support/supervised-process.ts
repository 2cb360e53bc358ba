/** A service of toy models, for tests that kill it: prints the pids of its processes and stays. argv: the module. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startSupervisedEngine } from '../../services/supervisor/supervised-engine.ts';
import { TOY_OPTIONS, toyAudio } from './toy-recognizer.ts';

const url = process.argv[2]!;
const engine = await startSupervisedEngine({
  facts: { recognizer: 'toy', pages: null, llm: null, device: 'cpu', threads: 1 },
  recognizers: { speech: { url, config: { stepMs: 1000 } } },
  search: { url, config: {} },
});
// Work under way must not hold the processes either.
engine
  .transcribe(toyAudio('a text that takes its time'), TOY_OPTIONS, {
    signal: new AbortController().signal,
    onPartial: () => undefined,
  })
  .catch(() => undefined);
const place = process.env['XDG_RUNTIME_DIR']!;
const folder = join(place, readdirSync(place)[0]!);
process.stdout.write(
  `${JSON.stringify({ pids: engine.fleet.report.map(({ pid }) => pid), socket: join(folder, readdirSync(folder)[0]!) })}\n`,
);
