import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { AppError } from '../core/app-error.ts';
import { ByteReader } from './byte-reader.ts';
import { readMovieLayout, streamable } from './mp4-layout.ts';
import { corrupt, type OpenContext, type PcmStream, reportTruncated, warnOnce } from './pcm-stream.ts';
import { openWav } from './wav-reader.ts';

/** How much of ffmpeg's complaints is kept for the error message. */
const STDERR_CHARS_MAX = 2000;

/** AAC in ADTS framing. */
export function openAac(context: OpenContext): Promise<PcmStream> {
  return openThrough(context, 'aac', 'aac', context.reader.rest(), null);
}

/** AAC (or whatever the user's ffmpeg decodes) in MP4, M4A or MOV. */
export async function openM4a(context: OpenContext): Promise<PcmStream> {
  const layout = await readMovieLayout(context);
  if (layout?.cut) reportTruncated(context, `${context.reader.name} ends early: ${layout.cut}`);
  return openThrough(context, 'm4a', 'mov', streamable(context, layout), layout?.seconds ?? null);
}

/**
 * Decodes with the ffmpeg that the user has. Its input is a pipe and nothing else: no path or address inside the file
 * can be followed (`-protocol_whitelist pipe`), and the demuxer is named, so content cannot choose another one.
 */
async function openThrough(
  context: OpenContext,
  format: 'aac' | 'm4a',
  demuxer: string,
  input: AsyncIterable<Uint8Array>,
  declaredSeconds: number | null,
): Promise<PcmStream> {
  const process = await startFfmpeg(context, demuxer);
  let freed = false;
  const free = (): void => {
    freed = true;
    process.child.kill('SIGKILL');
  };
  void feed(process.child, input);
  const output = await ByteReader.open(process.child.stdout);
  let wav: PcmStream;
  try {
    wav = await openWav({ ...context, reader: output, allowTruncated: true });
  } catch (error) {
    free();
    const message = (await process.ended).message;
    throw corrupt(context, `ffmpeg found no audio in it${message}`, error);
  }
  return {
    format,
    codec: 'aac',
    sampleRateHz: wav.sampleRateHz,
    channels: wav.channels,
    declaredFrames: declaredSeconds === null ? null : Math.floor(declaredSeconds * wav.sampleRateHz),
    // Encoder delay and the rounding of the last AAC frame: four frames of 1024, HE-AAC counted double.
    slackFrames: 8192,
    async *blocks() {
      yield* wav.blocks();
      const { status, message } = await process.ended;
      if (freed) return;
      if (status !== 0) throw corrupt(context, `ffmpeg could not decode it${message}`);
      if (message) warnOnce(context, 'audio_damaged', `${context.reader.name}: ffmpeg says${message}`);
    },
    free,
  };
}

interface Ffmpeg {
  readonly child: ChildProcessWithoutNullStreams;
  /** Exit status (null after a signal) and what was printed, as `: text` or empty. */
  readonly ended: Promise<{ status: number | null; message: string }>;
}

function startFfmpeg(context: OpenContext, demuxer: string): Promise<Ffmpeg> {
  const args = ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'pipe', '-f', demuxer, '-i', 'pipe:0'];
  args.push('-map', '0:a:0', '-vn', '-sn', '-dn', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1');
  return new Promise((resolve, reject) => {
    const child = spawn(context.ffmpegPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(context.signal ? { signal: context.signal } : {}),
    });
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (printed.length < STDERR_CHARS_MAX) printed += text;
    });
    const ended = new Promise<{ status: number | null; message: string }>((done) => {
      child.once('close', (status) => {
        const text = printed.trim().slice(0, STDERR_CHARS_MAX).replace(/\s+/g, ' ');
        done({ status, message: text ? `: ${text}` : '' });
      });
    });
    child.once('spawn', () => resolve({ child, ended }));
    child.on('error', (error: NodeJS.ErrnoException) => {
      // After the start, an error is the abort signal's: the reading loop reports it.
      if (error.code !== 'ENOENT') return reject(AppError.from(error, 'ffmpeg_missing'));
      const name = context.reader.name;
      reject(new AppError('ffmpeg_missing', `${name} is AAC or M4A, and there is no ffmpeg to decode it`));
    });
  });
}

/** Writes the input with back-pressure. A pipe that ffmpeg closed early is no error here: its exit status tells. */
async function feed(child: ChildProcessWithoutNullStreams, input: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdin } = child;
  let open = true;
  stdin.on('error', () => {
    open = false;
  });
  stdin.on('close', () => {
    open = false;
  });
  try {
    for await (const bytes of input) {
      if (!open) return;
      if (stdin.write(bytes)) continue;
      await new Promise<void>((resolve) => {
        stdin.once('drain', resolve);
        stdin.once('close', resolve);
      });
    }
    if (open) stdin.end();
  } catch {
    // The input failed (a stream that broke, a file that was closed): end the decoding, whose status is then not 0.
    child.kill('SIGKILL');
  }
}
