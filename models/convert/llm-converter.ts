import { AppError } from '../core/app-error.ts';
import type { Converter } from '../manifest/converted-model.ts';
import { importLlm, LLM_CONVERTER_VERSION, type LlmImportOptions } from './llm-import.ts';

/**
 * The models room's converter for GGUF language models. Options: `vocab`, `full` or the number of rows to keep;
 * `exactSums`, false for devices without f64.
 */
export const LLM_CONVERTER: Converter = {
  version: `llm-${LLM_CONVERTER_VERSION}`,
  // 4-bit matrices become 8-bit ones; a full vocabulary writes tokenizer.json too.
  outputBytesMax: (sourceBytes) => Math.ceil(1.6 * sourceBytes),
  async convert({ files, sha256, outDir, options, onProgress, signal }) {
    const names = Object.keys(files);
    const [name] = names;
    if (name === undefined || names.length > 1) {
      throw new AppError(
        'model_format',
        `A language model is one GGUF file, found ${names.length}: ${names.join(', ')}`,
      );
    }
    await importLlm(files[name]!, outDir, {
      ...vocabOption(options['vocab']),
      ...(typeof options['exactSums'] === 'boolean' && { exactSums: options['exactSums'] }),
      ...(sha256[name] !== undefined && { sourceSha256: sha256[name] }),
      ...(signal && { signal }),
      onProgress,
    });
  },
};

function vocabOption(value: unknown): Pick<LlmImportOptions, 'vocab'> {
  if (value === undefined) return {};
  if (value === 'full' || (typeof value === 'number' && value > 0)) return { vocab: value };
  throw new AppError('invalid_option', `vocab is ${String(value)}, expected full or a number of rows`);
}
