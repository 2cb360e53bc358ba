/** The systems that the page bench compares, each behind one door: a picture in, a text and its time out. */
import { AppError } from '../../models/core/app-error.ts';
import type { DocumentPage } from '../../models/core/document.ts';
import { type Bytefuse, openBytefuse, type ReadRequest } from '../../services/app/bytefuse.ts';
import { pageText } from '../../services/output/document/text.ts';
import type { BenchOptions } from './bench-options.ts';
import { note } from './bench-report.ts';
import type { BenchPage } from './ocr-pages.ts';
import { RapidOcr } from './peers/rapidocr.ts';

export interface PageTrial {
  readonly text: string;
  readonly seconds: number;
  /** Of all threads of the process that reads; what others do on the machine changes it little. */
  readonly cpuSeconds: number;
  /** Ours alone: milliseconds by stage, and rows of the language model. */
  readonly stages?: DocumentPage['timings'];
  readonly llmRows?: number;
}

export interface PageSystem {
  readonly name: string;
  /** Undefined where the system has nothing to do with the page. */
  readonly read: (page: BenchPage) => Promise<PageTrial | undefined>;
}

export interface OpenPageSystems {
  readonly systems: readonly PageSystem[];
  facts(): Record<string, unknown>;
  close(): Promise<void>;
}

const OURS = ['greedy', 'alone', 'fused', 'faithful'] as const;
/** `rapidocr` is told which pictures are one line, as its option has it; `rapidocr-detects` looks for lines there too. */
const PEERS = ['rapidocr', 'rapidocr-detects'] as const;
const DEFAULT_SYSTEMS = 'greedy,fused,rapidocr,rapidocr-detects';

export async function openPageSystems(options: BenchOptions): Promise<OpenPageSystems> {
  const names = (options.flags.get('systems') ?? DEFAULT_SYSTEMS).split(',').filter(Boolean);
  const wanted = options.flags.has('no-peer') ? names.filter((name) => !isPeer(name)) : names;
  let bytefuse: Bytefuse | null = null;
  let peer: RapidOcr | null = null;
  let peerRssBytes = 0;
  const close = async () => {
    await bytefuse?.close();
    await peer?.close();
  };
  try {
    const systems: PageSystem[] = [];
    for (const name of wanted) {
      if (isPeer(name)) {
        if (peer === null) note('Starting RapidOCR');
        peer ??= await RapidOcr.open({ threads: options.threads });
        const opened = peer;
        systems.push({
          name,
          read: async ({ path, kind }) => {
            const detects = name === 'rapidocr-detects';
            if (detects && kind !== 'line') return undefined;
            const { maxRssBytes, ...trial } = await opened.read(path, { detect: detects || kind !== 'line' });
            peerRssBytes = maxRssBytes;
            return trial;
          },
        });
        continue;
      }
      const mode = OURS.find((one) => one === name);
      if (mode === undefined) throw new AppError('usage', `--systems has ${name}; there are ${[...OURS, ...PEERS]}`);
      if (bytefuse === null) note('Opening our models');
      bytefuse ??= await openBytefuse({ modalities: ['page'], threads: options.threads });
      const opened = bytefuse;
      systems.push({ name, read: (page) => ownTrial(opened, page, { mode }) });
    }
    const facts = () => ({
      peer: peer && { ...peer.facts, rssBytes: peerRssBytes },
      ownRssBytes: process.memoryUsage().rss,
    });
    return { systems, facts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export const isPeer = (name: string): boolean => PEERS.some((peer) => peer === name);

/** From the path to the text, as a user waits for it. The shape alone says whether it is one line. */
async function ownTrial(bytefuse: Bytefuse, { path, item }: BenchPage, request: ReadRequest): Promise<PageTrial> {
  const language = ['zh', 'tr', 'en'].includes(item.language) ? item.language : 'auto';
  const started = performance.now();
  const before = process.cpuUsage();
  const texts: string[] = [];
  let llmRows = 0;
  let stages: DocumentPage['timings'] | undefined;
  for await (const { page } of bytefuse.read(path, { ...request, language, textLayer: 'never' })) {
    texts.push(pageText(page));
    llmRows += page.stats.llmRows;
    stages = page.timings;
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  return { text: texts.join('\f'), seconds, cpuSeconds, llmRows, ...(stages && { stages }) };
}
