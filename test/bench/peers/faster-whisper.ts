/**
 * faster-whisper as a child process: the peer that people compare with. It runs on the very CTranslate2 files that our
 * graphs were made from. BYTEFUSE_FASTER_WHISPER_PYTHON names an interpreter that has the package already.
 */
import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';
import { type PeerPackage, peerPython } from './peer-python.ts';

/** The version that the figures in docs/benchmarks.md were taken with. */
const PACKAGE: PeerPackage = {
  name: 'faster-whisper',
  version: '1.2.1',
  module: 'faster_whisper',
  variable: 'BYTEFUSE_FASTER_WHISPER_PYTHON',
};
const SCRIPT = fileURLToPath(new URL('../../../../test/bench/peers/faster-whisper.py', import.meta.url));

export interface PeerOptions {
  /** CTranslate2 folder: model.bin, config.json, tokenizer.json, vocabulary.txt. */
  readonly modelDir: string;
  readonly computeType: 'float32' | 'int8';
  readonly threads: number;
  readonly previousText: boolean;
}

export interface PeerReply {
  readonly text: string;
  /** Wall-clock time of the clip, reading of the file included. */
  readonly seconds: number;
  readonly audioSeconds: number;
  readonly maxRssBytes: number;
}

export interface PeerFacts {
  readonly loadSeconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

export class FasterWhisper {
  readonly facts: PeerFacts;
  readonly #process: PeerProcess;

  private constructor(process: PeerProcess) {
    this.#process = process;
    this.facts = {
      loadSeconds: Number(process.ready['load_seconds']),
      versions: process.ready['versions'] as Record<string, string>,
    };
  }

  /** Throws AppError `python_missing`, `source_unavailable` (pip failed), `peer_lost` (it ended while loading). */
  static async open(options: PeerOptions): Promise<FasterWhisper> {
    const { modelDir, computeType, threads, previousText } = options;
    const args = ['--model', modelDir, '--compute-type', computeType, '--threads', String(threads)];
    if (previousText) args.push('--previous-text');
    const python = await peerPython(PACKAGE);
    return new FasterWhisper(await PeerProcess.start('faster-whisper', python, [SCRIPT, ...args]));
  }

  /** Throws AppError `peer_lost`, or `internal` with the peer's own error. */
  async transcribe(path: string, language: string): Promise<PeerReply> {
    const line = await this.#process.ask({ file: path, lang: language });
    return {
      text: String(line['text']),
      seconds: Number(line['seconds']),
      audioSeconds: Number(line['audio_seconds']),
      maxRssBytes: Number(line['max_rss_bytes']),
    };
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
