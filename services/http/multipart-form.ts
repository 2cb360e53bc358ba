/** A form with one file, read as it comes: the file goes to the disk, fields stay in memory, everything is counted. */
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import { AppError } from '../../models/core/app-error.ts';
import type { ServiceLimits } from '../server/config.ts';
import { FORM_OVERHEAD_BYTES_MAX } from '../server/limits.ts';
import type { Work } from '../server/work-room.ts';
import { asAppError } from './error-reply.ts';
import { FormFields } from './form-fields.ts';
import { boundaryOf, PartHeaders } from './part-headers.ts';
import { orAborted, receiveFile, type UploadFile, UploadWatch } from './upload-file.ts';

export interface Upload {
  readonly fields: FormFields;
  readonly file: UploadFile;
}

export interface UploadOptions {
  readonly limits: ServiceLimits;
  readonly clock: Clock;
  /** Name of the file in messages. */
  readonly name: string;
}

/**
 * Reads the form. The caller removes the file. Throws media_type_unsupported, form_malformed, payload_too_large,
 * unsupported_parameter (a file under another name), request_timeout, disk_full, and the reasons of the work's signal.
 */
export async function readForm(request: FastifyRequest, work: Work, options: UploadOptions): Promise<Upload> {
  if (!request.isMultipart()) {
    throw new AppError('media_type_unsupported', 'The body must be multipart/form-data.', { param: 'content-type' });
  }
  const { limits, clock, name } = options;
  const bytesMax = limits.uploadBytesMax + limits.fieldsMax * limits.fieldBytesMax + FORM_OVERHEAD_BYTES_MAX;
  const watch = new UploadWatch({ bytesMax, idleMs: limits.uploadIdleMsMax }, clock, work.signal);
  const entries: [string, string][] = [];
  let file: UploadFile | null = null;
  let done = false;
  try {
    const parts = request.parts({ limits: partLimits(limits) })[Symbol.asyncIterator]();
    const headers = new PartHeaders(boundaryOf(request.headers['content-type'] ?? '') ?? '', limits.partHeadersMax);
    request.raw.on('data', (chunk: Uint8Array) => {
      watch.note(chunk.length);
      try {
        if (!watch.signal.aborted) headers.note(chunk);
      } catch (error) {
        watch.refuse(AppError.from(error));
      }
    });
    for (;;) {
      const { value: part, done: ended } = await orAborted(parts.next(), watch.signal);
      if (ended) break;
      if (part.type === 'field') entries.push(fieldOf(part, limits));
      else file = await fileOf(part, file, { name, bytesMax: limits.uploadBytesMax, signal: watch.signal });
    }
    if (file === null) throw new AppError('form_malformed', 'The form has no part named file.', { param: 'file' });
    if (file.bytes === 0) throw new AppError('file_empty', 'The file holds no bytes.', { param: 'file' });
    request.notes.uploadBytes = watch.bytes;
    done = true;
    return { fields: new FormFields(entries), file };
  } catch (error) {
    throw formError(error);
  } finally {
    watch.close();
    if (!done) await file?.remove();
  }
}

function partLimits(limits: ServiceLimits) {
  const { fieldsMax, fieldBytesMax, fieldNameBytesMax, partHeadersMax, uploadBytesMax } = limits;
  return {
    fields: fieldsMax,
    // One more than allowed, so that a second file is told as what it is.
    files: 2,
    parts: fieldsMax + 2,
    fieldSize: fieldBytesMax,
    fieldNameSize: fieldNameBytesMax,
    // What is above is refused by PartHeaders; the parser would cut it off.
    headerPairs: partHeadersMax + 1,
    fileSize: uploadBytesMax + 1,
  };
}

function fieldOf(part: MultipartValue, { fieldBytesMax, fieldNameBytesMax }: ServiceLimits): [string, string] {
  const { fieldname, value } = part;
  // The flags of the parser: what was cut must not be taken for the whole. It never cuts names, so they are measured.
  if (part.fieldnameTruncated || Buffer.byteLength(fieldname) > fieldNameBytesMax) {
    throw new AppError('payload_too_large', `The name of a field has more than ${fieldNameBytesMax} bytes.`);
  }
  if (part.valueTruncated) {
    const message = `The field ${fieldname} has more than ${fieldBytesMax} bytes.`;
    throw new AppError('payload_too_large', message, { param: fieldname });
  }
  return [fieldname, typeof value === 'string' ? value : JSON.stringify(value)];
}

async function fileOf(
  part: MultipartFile,
  earlier: UploadFile | null,
  options: { readonly name: string; readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<UploadFile> {
  const { fieldname } = part;
  if (fieldname !== 'file') {
    throw new AppError('unsupported_parameter', `A file is taken as file, not as ${fieldname}.`, { param: fieldname });
  }
  if (earlier !== null) throw new AppError('form_malformed', 'The form has two files.', { param: 'file' });
  const file = await receiveFile(part.file, options);
  if (!part.file.truncated) return file;
  await file.remove();
  throw new AppError('payload_too_large', `The file has more than ${options.bytesMax} bytes.`, { param: 'file' });
}

/** What the parser throws is about the form unless it says otherwise. */
function formError(error: unknown): AppError {
  const known = asAppError(error);
  if (known.code !== 'internal') return known;
  const { syscall, message } = error as NodeJS.ErrnoException;
  // From the disk, not from the parser.
  if (syscall !== undefined) return known;
  return new AppError('form_malformed', `The form cannot be read: ${message}.`, { cause: error });
}
