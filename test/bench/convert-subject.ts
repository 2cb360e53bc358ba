/** One conversion in a process of its own, so that its peak of memory is its own: prints seconds and bytes as JSON. */
import { importLlm } from '../../models/convert/llm-import.ts';
import { importWhisper, type WhisperSource } from '../../models/convert/whisper-import.ts';
import type { DecoderPrecision, WhisperPrecision } from '../../models/convert/whisper-weights.ts';

export interface ConvertJob {
  readonly outDir: string;
  readonly sourceSha256: string;
  readonly whisper?: WhisperSource & { readonly encoder: WhisperPrecision; readonly decoder: DecoderPrecision };
  /** A GGUF file, and how many rows of its vocabulary are kept. */
  readonly llm?: { readonly path: string; readonly vocab: number | 'full' };
}

export interface ConvertReport {
  readonly seconds: number;
  /** Resident memory before the conversion, and its peak. */
  readonly startRssBytes: number;
  readonly peakRssBytes: number;
}

const { outDir, sourceSha256, whisper, llm } = JSON.parse(process.argv[2] ?? '{}') as ConvertJob;
const startRssBytes = process.memoryUsage.rss();
const start = performance.now();
if (whisper) {
  const { encoder, decoder } = whisper;
  await importWhisper(whisper, outDir, { encoderPrecision: encoder, decoderPrecision: decoder, sourceSha256 });
}
if (llm) await importLlm(llm.path, outDir, { vocab: llm.vocab, sourceSha256 });
const seconds = (performance.now() - start) / 1000;
const report: ConvertReport = { seconds, startRssBytes, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
process.stdout.write(JSON.stringify(report));
