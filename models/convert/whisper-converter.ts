import { AppError } from '../core/app-error.ts';
import type { Converter, ConvertOptions } from '../manifest/converted-model.ts';
import { importWhisper, WHISPER_CONVERTER_VERSION } from './whisper-import.ts';

/**
 * The models room's converter for Whisper folders. Options: `encoderPrecision` (`f32`, `q8`), `decoderPrecision` (also
 * `mixed`).
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
      ...precisionOption(options, 'encoderPrecision', ['f32', 'q8'] as const),
      ...precisionOption(options, 'decoderPrecision', ['f32', 'q8', 'mixed'] as const),
      ...(sha256['model.bin'] !== undefined && { sourceSha256: sha256['model.bin'] }),
      ...(signal && { signal }),
      onProgress,
    });
  },
};

function precisionOption<N extends string, P extends string>(
  options: ConvertOptions,
  name: N,
  known: readonly P[],
): Partial<Record<N, P>> {
  const value = options[name];
  if (value === undefined) return {};
  const precision = known.find((candidate) => candidate === value);
  if (precision === undefined) {
    throw new AppError('invalid_option', `${name} is ${value}, expected one of ${known.join(', ')}`);
  }
  return { [name]: precision } as Partial<Record<N, P>>;
}
