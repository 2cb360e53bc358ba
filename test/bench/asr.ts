/** Speech: error rates with paired intervals, time in turns against faster-whisper, rows, memory, start-up. */
import { execFile } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEFAULT_BOOTSTRAP, median } from '../../services/eval/bootstrap.ts';
import { SeededRandom } from '../../services/eval/random.ts';
import { openSystems, type System, type Trial } from './asr-systems.ts';
import { type ClipRun, errorsByLanguage, errorTable, rowTable, setTable, timeTable } from './asr-tables.ts';
import type { BenchOptions } from './bench-options.ts';
import { note, table } from './bench-report.ts';
import { type Clip, readClips } from './clips.ts';
import type { BenchResult } from './main.ts';

export async function run(options: BenchOptions): Promise<BenchResult> {
  const clips = await readClips(options);
  const opened = await openSystems(options);
  const names = opened.systems.map((system) => system.name);
  let runs: ClipRun[];
  let facts: Record<string, unknown>;
  try {
    runs = await takeTurns(opened.systems, clips, options);
    facts = opened.facts();
  } finally {
    await opened.close();
  }
  const errors = errorsByLanguage(runs, names);
  const draws = { ...DEFAULT_BOOTSTRAP, seed: options.seed };
  const startup = options.flags.has('no-startup') ? [] : await startUps(options, clips[0]!);
  const unsteady = runs.filter(({ trials }) => [...trials.values()].some((all) => new Set(textsOf(all)).size > 1));
  const tables = [
    errorTable(errors, draws),
    setTable(errors, names),
    timeTable(runs, names),
    rowTable(runs, names),
    ...(startup.length > 0 ? [startupTable(startup)] : []),
    `Resident memory of this process: ${mebibytes(Number(facts['ownRssBytes']))} MiB (all systems of ours together).`,
  ];
  if (Number(options.flags.get('rounds') ?? 1) > 1) {
    tables.push(`Clips whose text differed between rounds: ${unsteady.length} of ${runs.length}.`);
  }
  return {
    tables,
    results: {
      facts,
      startup,
      clips: runs.map(({ clip, trials }) => ({
        file: clip.file,
        language: clip.language,
        set: clip.set,
        trials: Object.fromEntries(trials),
      })),
    },
  };
}

const textsOf = (trials: readonly Trial[]) => trials.map((trial) => trial.text);
const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** Every clip by every system before the next clip, the order rotating, after one clip that warms everybody up. */
async function takeTurns(
  systems: readonly System[],
  clips: readonly Clip[],
  options: BenchOptions,
): Promise<ClipRun[]> {
  const rounds = Math.max(1, Number(options.flags.get('rounds') ?? 1));
  const hypotheses = options.flags.get('hypotheses');
  if (hypotheses) rmSync(hypotheses, { force: true });
  for (const system of systems) await system.transcribe(clips[0]!);
  const order = new SeededRandom(options.seed).shuffle(clips.map((_, i) => i));
  const runs = new Map<number, ClipRun>();
  let done = 0;
  for (const i of order) {
    const clip = clips[i]!;
    const trials = new Map<string, Trial[]>(systems.map((system) => [system.name, []]));
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < systems.length; turn++) {
        const system = systems[(turn + done + round) % systems.length]!;
        const trial = await system.transcribe(clip);
        trials.get(system.name)!.push(trial);
        if (hypotheses) {
          const line = { file: clip.file, language: clip.language, system: system.name, round, ...trial };
          appendFileSync(hypotheses, `${JSON.stringify(line)}\n`);
        }
      }
    }
    runs.set(i, { clip, trials });
    if (++done % 10 === 0) note(`${done} of ${clips.length} clips`);
  }
  return clips.map((_, i) => runs.get(i)!);
}

interface StartUp {
  /** Milliseconds from the start of the process. */
  readonly readyMs: number;
  readonly firstTextMs: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
}

/** Five fresh processes, one after another: the disk cache is warm after the first, which is left out. */
async function startUps(options: BenchOptions, clip: Clip): Promise<StartUp[]> {
  const script = fileURLToPath(new URL('./ready.js', import.meta.url));
  const env = { ...process.env, BYTEFUSE_THREADS: String(options.threads) };
  const results: StartUp[] = [];
  for (let i = 0; i < 6; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, clip.path, clip.language], { env }).catch(
      (error: Error) => {
        note(`Start-up was not measured: ${error.message.split('\n').slice(0, 3).join(' ')}`);
        return { stdout: '' };
      },
    );
    if (stdout === '') return [];
    if (i > 0) results.push(JSON.parse(stdout) as StartUp);
  }
  return results;
}

function startupTable(all: readonly StartUp[]): string {
  const middle = (value: (one: StartUp) => number) => median(all.map(value));
  return table(
    ['process start to', 'median', 'worst of 5'],
    [
      [
        'ready',
        `${middle((one) => one.readyMs).toFixed(0)} ms`,
        `${Math.max(...all.map((one) => one.readyMs)).toFixed(0)} ms`,
      ],
      [
        'first text',
        `${middle((one) => one.firstTextMs).toFixed(0)} ms`,
        `${Math.max(...all.map((one) => one.firstTextMs)).toFixed(0)} ms`,
      ],
      [
        'resident memory after it',
        `${mebibytes(middle((one) => one.rssBytes))} MiB`,
        `${mebibytes(Math.max(...all.map((one) => one.rssPeakBytes)))} MiB peak`,
      ],
    ],
  );
}
