/**
 * RapidOCR as a child process: the page reader that people compare with, on the very weights that we run.
 * BYTEFUSE_RAPIDOCR_PYTHON names an interpreter that has the package already.
 */
import { fileURLToPath } from 'node:url';
import { PeerProcess } from './peer-process.ts';
import { type PeerPackage, peerPython } from './peer-python.ts';

/** The version that the figures in docs/benchmarks.md were taken with; its wheel holds the weights. */
const PACKAGE: PeerPackage = {
  name: 'rapidocr',
  version: '3.10.0',
  needs: ['onnxruntime'],
  module: 'rapidocr, onnxruntime',
  variable: 'BYTEFUSE_RAPIDOCR_PYTHON',
};
const SCRIPT = fileURLToPath(new URL('../../../../test/bench/peers/rapidocr-peer.py', import.meta.url));

export interface RapidReply {
  /** Its lines in its own order, a line feed between them. */
  readonly text: string;
  /** Wall-clock time of the image, reading of the file included. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly maxRssBytes: number;
}

export class RapidOcr {
  readonly facts: { readonly loadSeconds: number; readonly versions: Readonly<Record<string, string>> };
  readonly #process: PeerProcess;

  private constructor(process: PeerProcess) {
    this.#process = process;
    this.facts = {
      loadSeconds: Number(process.ready['load_seconds']),
      versions: process.ready['versions'] as Record<string, string>,
    };
  }

  /** Throws AppError `python_missing`, `source_unavailable` (pip failed), `peer_lost` (it ended while loading). */
  static async open({ threads }: { readonly threads: number }): Promise<RapidOcr> {
    const python = await peerPython(PACKAGE);
    return new RapidOcr(await PeerProcess.start('RapidOCR', python, [SCRIPT, '--threads', String(threads)]));
  }

  /** `detect` false: the image is one line. Throws AppError `peer_lost`, or `internal` with the peer's own error. */
  async read(path: string, { detect }: { readonly detect: boolean }): Promise<RapidReply> {
    const line = await this.#process.ask({ file: path, detect });
    return {
      text: String(line['text']),
      seconds: Number(line['seconds']),
      cpuSeconds: Number(line['cpu_seconds']),
      maxRssBytes: Number(line['max_rss_bytes']),
    };
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
