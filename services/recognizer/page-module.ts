import { PpOcrPageRecognizer } from '../../models/ocr/page-recognizer.ts';
import type { Device } from '../../models/session/onnx-session.ts';

/** The module that a recognizer worker loads to serve PP-OCR (RecognizerModule of recognizer-worker.ts). */

export interface PageConfig {
  /** Folder of the model's graphs. */
  readonly modelDir: string;
  readonly threads?: number;
  readonly device?: Device;
}

/** Throws model_corrupt, device_unavailable. */
export function createRecognizer(config: unknown): Promise<PpOcrPageRecognizer> {
  // The composition root passes a PageConfig.
  const { modelDir, ...options } = config as PageConfig;
  return PpOcrPageRecognizer.open(modelDir, options);
}
