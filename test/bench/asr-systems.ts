/** The systems that the speech bench compares, each behind one door: a clip in, a text and its time out. */
import { AppError } from '../../models/core/app-error.ts';
import type { SearchStats } from '../../models/core/stepwise.ts';
import { type Bytefuse, openBytefuse } from '../../services/app/bytefuse.ts';
import { type BenchOptions, weightList } from './bench-options.ts';
import { note } from './bench-report.ts';
import type { Clip } from './clips.ts';
import { ct2Folder, modelFolders } from './model-folders.ts';
import { FasterWhisper } from './peers/faster-whisper.ts';
import { BENCH_OPTIONS, NO_STATS, Subject, type SubjectRequest, sumStats } from './subject.ts';

export interface Trial {
  readonly text: string;
  readonly seconds: number;
  readonly audioSeconds: number;
  readonly stats: SearchStats;
  readonly encodeSeconds: number;
  readonly llmSeconds: number;
}

export interface System {
  readonly name: string;
  readonly transcribe: (clip: Clip) => Promise<Trial>;
}

export interface OpenSystems {
  readonly systems: readonly System[];
  /** Versions and load times of the peers, resident memory of everybody, for the report. */
  facts(): Record<string, unknown>;
  close(): Promise<void>;
}

const DEFAULT_SYSTEMS = 'plain,r0,fused,eager,peer-int8';

/** What a user runs: both models behind `openBytefuse`, in workers. */
async function productTrial(bytefuse: Bytefuse, { path, language }: Clip, request: SubjectRequest): Promise<Trial> {
  const started = performance.now();
  const { text, duration, units, timings } = await bytefuse.transcribe(path, {
    ...BENCH_OPTIONS,
    ...request.options,
    language,
  });
  return {
    text,
    seconds: (performance.now() - started) / 1000,
    audioSeconds: duration,
    stats: sumStats(units.map((unit) => unit.stats)),
    encodeSeconds: timings.encodeMs / 1000,
    llmSeconds: timings.llmMs / 1000,
  };
}

/**
 * `--systems`: plain (beam search without fusion code), r0, fused (the default preset), eager, paper, peer-int8,
 * peer-float32; product and product-r0 (through `openBytefuse`). `--r 0.1,0.2` adds one system per weight. `--prompt` is shown to the language model.
 */
export async function openSystems(options: BenchOptions): Promise<OpenSystems> {
  const names = (options.flags.get('systems') ?? DEFAULT_SYSTEMS).split(',').filter(Boolean);
  const wanted = options.flags.has('no-peer') ? names.filter((name) => !name.startsWith('peer')) : names;
  for (const weight of weightList(options, [])) wanted.push(`r=${weight}`);
  const peers: { name: string; peer: FasterWhisper; rssBytes: number }[] = [];
  let subject: Subject | null = null;
  let product: Bytefuse | null = null;
  const close = async () => {
    await subject?.close();
    await product?.close();
    for (const { peer } of peers) await peer.close();
  };
  try {
    const systems: System[] = [];
    for (const name of wanted) {
      if (name.startsWith('peer-')) {
        const computeType = name.slice('peer-'.length);
        if (computeType !== 'int8' && computeType !== 'float32') throw new AppError('usage', `no system ${name}`);
        note(`Starting faster-whisper (${computeType})`);
        const peer = await FasterWhisper.open({
          modelDir: await ct2Folder(options),
          computeType,
          threads: options.threads,
          previousText: options.flags.has('previous-text'),
        });
        const entry = { name, peer, rssBytes: 0 };
        peers.push(entry);
        systems.push({
          name,
          transcribe: async ({ path, language }) => {
            const reply = await peer.transcribe(path, language);
            entry.rssBytes = reply.maxRssBytes;
            return { ...reply, stats: NO_STATS, encodeSeconds: 0, llmSeconds: 0 };
          },
        });
      } else if (name.startsWith('product')) {
        product ??= await openBytefuse({ threads: options.threads });
        const opened = product;
        const request = requestOf(name === 'product' ? 'fused' : name.slice('product-'.length), options);
        systems.push({ name, transcribe: (clip) => productTrial(opened, clip, request) });
      } else {
        const request = requestOf(name, options);
        if (subject === null) {
          note('Opening our models');
          subject = await Subject.open({ ...(await modelFolders(options)), threads: options.threads });
        }
        const opened = subject;
        systems.push({ name, transcribe: ({ path, language }) => opened.transcribe(path, language, request) });
      }
    }
    return {
      systems,
      facts: () => ({
        peers: peers.map(({ name, peer, rssBytes }) => ({ name, ...peer.facts, rssBytes })),
        ownRssBytes: process.memoryUsage().rss,
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function requestOf(name: string, options: BenchOptions): SubjectRequest {
  const shared = {
    llmPrompt: options.flags.get('prompt') ?? '',
    conditionOnPreviousText: options.flags.has('previous-text'),
    exact: options.flags.has('exact'),
    preset: options.flags.get('preset') ?? 'default',
  };
  if (name.startsWith('r=')) return { options: { ...shared, llmWeight: Number(name.slice(2)) } };
  switch (name) {
    case 'plain':
      return { plain: true, options: shared };
    case 'r0':
      return { options: { ...shared, llmWeight: 0 } };
    case 'fused':
      return { options: shared };
    case 'eager':
      return { options: shared, tuning: { asking: 'eager' } };
    case 'paper':
      return { options: { ...shared, preset: 'gfd-paper', llmWeight: 0.2 } };
    default:
      throw new AppError('usage', `There is no system ${name}`);
  }
}
