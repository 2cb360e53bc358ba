/** `npm run bench -- NAME [options]`: finds the bench, runs it, prints its tables and writes its JSON. */
import { existsSync } from 'node:fs';
import { AppError } from '../../models/core/app-error.ts';
import { type BenchOptions, benchOptions } from './bench-options.ts';
import { note, surroundings, writeJson } from './bench-report.ts';

/** What a bench gives: tables are printed, results go to --json as they are. */
export interface BenchResult {
  readonly tables: readonly string[];
  readonly results: unknown;
  /** What must not be: printed after the tables, and the exit status is 1. */
  readonly faults?: readonly string[];
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

interface Entry {
  readonly what: string;
  readonly module: URL;
  /** Data folder where none is named; the recordings by default. */
  readonly data?: string;
}

const BENCHES: Readonly<Record<string, Entry>> = {
  asr: {
    what: 'error rates and time against faster-whisper, language-model rows, memory, start-up',
    module: new URL('./asr.js', import.meta.url),
  },
  ocr: {
    what: 'pages: error rates and time against RapidOCR, Turkish letters, numbers; degraded and clean lines',
    module: new URL('./ocr.js', import.meta.url),
    data: '../shared/data/ocr',
  },
  llm: {
    what: 'size, time and bits per byte of trimmed vocabularies',
    module: new URL('./llm.js', import.meta.url),
  },
  gfd: {
    what: 'the search itself: reference-like against ours, lazy against eager, streams',
    module: new URL('./gfd.js', import.meta.url),
  },
  convert: {
    what: 'time, size and memory of the importers',
    module: new URL('./convert.js', import.meta.url),
  },
  'fuzz-ws': {
    what: 'malformed WebSocket input against the sessions over toys',
    module: new URL('./fuzz-ws.js', import.meta.url),
  },
  live: {
    what: 'streaming: how soon, how stable, how right; policies and intervals',
    module: new URL('./live.js', import.meta.url),
  },
  protocol: {
    what: 'cost of the hypothesis protocol',
    module: new URL('./protocol.js', import.meta.url),
  },
  fuzz: {
    what: 'malformed requests over HTTP: nothing breaks, nothing leaks',
    module: new URL('./fuzz.js', import.meta.url),
  },
  'live-crash': {
    what: 'live streams with real models while a model process is killed',
    module: new URL('./live-crash.js', import.meta.url),
  },
  soak: {
    what: 'the service with real models under mixed load: nothing lost, nothing leaks, nothing crashes',
    module: new URL('./soak.js', import.meta.url),
  },
  quality: {
    what: 'docs/quality.md: bytefuse eval over all development data, with ablations',
    module: new URL('./quality.js', import.meta.url),
  },
  tune: {
    what: 'choosing r and N by leaving clips out',
    module: new URL('./tune.js', import.meta.url),
  },
};

const HELP = `Usage: npm run bench -- NAME [options]

${Object.entries(BENCHES)
  .map(([name, { what }]) => `  ${name.padEnd(9)} ${what}`)
  .join('\n')}

Shared options
  --data DIR       folder with manifest.jsonl (default ../shared/data/audio, of ocr ../shared/data/ocr; BYTEFUSE_BENCH_DATA)
  --set A,B        only these sets      --lang zh,en   only these languages
  --limit N        clips per language, spread over the manifest
  --threads N      of all models together (default 2)
  --seed N         of bootstrap draws and clip order (default 1)
  --json FILE      the result with machine, versions and commit
  --whisper DIR, --llm DIR, --llm-full DIR, --ct2 DIR
                   model folders instead of the cache's (BYTEFUSE_BENCH_WHISPER, _LLM, _LLM_FULL, _CT2)
asr   --systems plain,r0,fused,eager,paper,product,product-r0,peer-int8,peer-float32   --r 0.1,0.2 (one more system each)
      --prompt TEXT   --preset NAME   --rounds N
      --no-peer --no-startup --previous-text --exact --hypotheses FILE (one JSON line per clip and system)
ocr   --systems greedy,alone,fused,faithful,rapidocr,rapidocr-detects   --rounds N   --no-peer   --hypotheses FILE
      --kind line,page (only pictures that the list calls so)
      --degraded (our own lines, drawn and spoilt)   --draw FILE,FILE (lines of text files, drawn clean)
gfd   --r R   --streams 4
fuzz  --limit N (50000)   --seed N
quality  --data-root FOLDER (with audio, ocr, gec)   --reports FOLDER   --only asr,ocr,gec   --render
live  --clock audio|real   --policy local-agreement:800:0.7,align-att   --interval 500,1000   --light on,off   --streams N   --no-fusion
fuzz-ws  --limit N (50000)   --seed N
soak  --minutes N (10)   --streams N (3)   --seed N
tune  --r 0,0.1,0.2   --units none,bytes   --bonus 0,1.5   --folds 5   --cache FILE
`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || rest.includes('--help')) {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  const entry = BENCHES[name];
  if (!entry) throw new AppError('usage', `There is no bench ${name}; there are ${Object.keys(BENCHES)}`);
  const options = benchOptions(rest, entry.data === undefined ? {} : { data: entry.data });
  const around = surroundings();
  const { machine } = around;
  note(
    `${name}: ${machine.cpu}, ${machine.cores} cores, load ${machine.loadBefore.toFixed(2)}, commit ${around.commit}`,
  );
  if (machine.loadBefore > 0.5 * options.threads) note('The machine is busy: counts and texts stand, times do not.');
  const bench = await load(name, entry.module);
  const { tables, results, faults = [] } = await bench(options);
  process.stdout.write(`${tables.join('\n\n')}\n`);
  if (options.json) writeJson(options.json, { bench: name, ...around, results, faults });
  for (const fault of faults) note(`FAULT ${fault}`);
  return faults.length > 0 ? 1 : 0;
}

async function load(name: string, module: URL): Promise<Bench> {
  if (!existsSync(module)) throw new AppError('usage', `This build has no bench ${name} (test/bench/${name}.ts)`);
  const { run } = (await import(module.href)) as { run?: Bench };
  if (typeof run !== 'function') throw new AppError('internal', `test/bench/${name}.ts exports no run()`);
  return run;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const failure = AppError.from(error);
    process.stderr.write(`${failure.describe()}\n`);
    if (failure.code === 'internal') process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = failure.kind.exit;
  },
);
