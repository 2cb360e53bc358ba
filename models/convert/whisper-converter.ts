import { AppError } from '../core/app-error.ts';
import type { Converter } from '../manifest/converted-model.ts';
import { importWhisper, WHISPER_CONVERTER_VERSION } from './whisper-import.ts';
import type { WhisperPrecision } from './whisper-weights.ts';

/**
 * The models room's converter for Whisper folders. Options: `encoderPrecision`, `decoderPrecision`: `f32` or `q8`.
 */
export const WHISPER_CONVERTER: Converter = {
  version: `whisper-${WHISPER_CONVERTER_VERSION}`,
  // An 8-bit file whose encoder becomes f32 grows the most; the importer knows the exact size and checks again.
  outputBytesMax: (sourceBytes) => Math.ceil(2.5 * sourceBytes),
  async convert({ files, sha256, outDir, options, onProgress, signal }) {
    const path = (name: string): string => {
      const found = files[name];
      if (found === undefined)
        throw new AppError('model_format', `The model has no ${name}, which Whisper folders have`);
      return found;
    };
    const source = { modelBin: path('model.bin'), config: path('config.json'), tokenizer: path('tokenizer.json') };
    await importWhisper(source, outDir, {
      ...precisionOption('encoderPrecision', options['encoderPrecision']),
      ...precisionOption('decoderPrecision', options['decoderPrecision']),
      ...(sha256['model.bin'] !== undefined && { sourceSha256: sha256['model.bin'] }),
      ...(signal && { signal }),
      onProgress,
    });
  },
};

function precisionOption(name: string, value: unknown): Record<string, WhisperPrecision> {
  if (value === undefined) return {};
  if (value === 'f32' || value === 'q8') return { [name]: value };
  throw new AppError('invalid_option', `${name} is ${String(value)}, expected f32 or q8`);
}
