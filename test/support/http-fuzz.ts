/** Seeded malformed requests over HTTP: whatever comes, the service answers or hangs up, and never breaks. */
import { connect } from 'node:net';
import { SeededRandom } from '../../services/eval/random.ts';
import { BOUNDARY } from './form-body.ts';
import { toyWav } from './toy-service.ts';

export interface FuzzReport {
  readonly sent: number;
  /** Answers by status; 0 for connections that were closed without one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What must not be: a status of 500 and above other than 503, or no end within the time. */
  readonly faults: readonly { readonly seed: number; readonly what: string; readonly request: string }[];
}

/** An exchange takes milliseconds; a service that hangs is found by this. */
const EXCHANGE_MS_MAX = 15_000;
const AT_ONCE = 8;
const WAV = toyWav(0.2);
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

/** A service with real models does in seconds what toys do in milliseconds. */
export interface FuzzPace {
  readonly exchangeMsMax?: number;
  readonly atOnce?: number;
}

/** Sends `count` requests, numbered from `seed`; each can be sent again alone by its number. */
export async function fuzzHttp(port: number, count: number, seed: number, pace: FuzzPace = {}): Promise<FuzzReport> {
  const { exchangeMsMax = EXCHANGE_MS_MAX, atOnce = AT_ONCE } = pace;
  const statuses: Record<string, number> = {};
  const faults: { seed: number; what: string; request: string }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const bytes = fuzzRequest(seed + i);
      const answer = await exchange(port, bytes, exchangeMsMax);
      // 100 only says that a body may come.
      const found = [...answer.matchAll(/HTTP\/1\.1 ([2-5]\d\d)/g)].map((match) => Number(match[1]));
      const status = found[0] ?? 0;
      statuses[status] = (statuses[status] ?? 0) + 1;
      const bad = found.find((one) => one >= 500 && one !== 503);
      const what = answer === HUNG ? 'no end' : bad === undefined ? null : answer.slice(0, 1500);
      if (what !== null) faults.push({ seed: seed + i, what, request: bytes.toString('latin1').slice(0, 600) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { sent: count, statuses, faults };
}

const HUNG = 'no end of the exchange';

function exchange(port: number, bytes: Buffer, msMax: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const timer = setTimeout(() => {
      answer = HUNG;
      socket.destroy();
    }, msMax);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
    // Nothing follows: a body that promises more has ended early.
    socket.end(bytes);
  });
}

/** The bytes of one request; equal seeds give equal bytes. */
export function fuzzRequest(seed: number): Buffer {
  const draw = new Draw(seed);
  if (draw.chance(0.03)) return draw.bytes(draw.below(300));
  const body = bodyOf(draw);
  const head = headOf(draw, body);
  const whole = Buffer.concat([Buffer.from(head, 'latin1'), body.bytes]);
  if (draw.chance(0.15)) return whole.subarray(0, draw.below(whole.length + 1));
  if (draw.chance(0.1)) return flipped(draw, whole);
  return whole;
}

interface Body {
  readonly bytes: Buffer;
  readonly type: string;
}

function bodyOf(draw: Draw): Body {
  const kind = draw.below(10);
  if (kind < 6) return formOf(draw);
  if (kind < 8)
    return { bytes: contentOf(draw), type: draw.one(['image/png', 'application/pdf', 'application/octet-stream']) };
  if (kind === 8) return { bytes: Buffer.from('{"model":"whisper-1","__proto__":{"x":1}}'), type: 'application/json' };
  return { bytes: Buffer.alloc(0), type: '' };
}

const NAMES = [
  'file',
  'model',
  'language',
  'prompt',
  'response_format',
  'stream',
  'temperature',
  'timestamp_granularities[]',
  'include[]',
  'chunking_strategy',
  'keywords[]',
  'fields',
  'pages',
  'deadline_ms',
  'llm_weight',
  'beams',
  'format',
  '__proto__',
  'constructor',
  'toString',
  '',
  'file[]',
  'x'.repeat(300),
];
const VALUES = [
  'true',
  'json',
  'verbose_json',
  '0',
  '-1',
  'NaN',
  '1e999',
  '{}',
  '[[[[',
  '{"type":"server_vad","threshold":{}}',
  '[{"name":"a","box":[0,0,1,1],"regex":"(a+)+$"}]',
  '1-,-1,5',
  '\u0000',
  '\ud800',
  '中文, ğüş',
  '../../etc/passwd',
  'a'.repeat(70_000),
  '',
];
const DISPOSITIONS = [
  'form-data; name="file"; filename="a.wav"',
  'form-data; name="file"; filename="../../../etc/passwd"',
  'form-data; name="file"; filename=""',
  "form-data; name*=UTF-8''%ff%fe; filename*=UTF-8''%zz",
  'attachment; filename=a',
  'form-data',
  'form-data; name="a\\"b\\',
  ';;;;',
];

function formOf(draw: Draw): Body {
  const boundary = draw.chance(0.9) ? BOUNDARY : draw.text(draw.below(80));
  const parts: Buffer[] = [];
  const count = draw.chance(0.05) ? 200 : draw.below(6);
  for (let i = 0; i < count; i++) {
    const isFile = draw.chance(0.4);
    const plain = isFile ? 'form-data; name="file"; filename="a.wav"' : `form-data; name="${draw.one(NAMES)}"`;
    const disposition = draw.chance(0.15) ? draw.one(DISPOSITIONS) : plain;
    const type = draw.chance(0.2)
      ? `content-type: ${draw.one(['application/json', 'text/plain; charset=x', '\t;', 'a/b'])}\r\n`
      : '';
    const further = draw.chance(0.03) ? 'x-a: b\r\n'.repeat(50) : '';
    const line = draw.chance(0.95) ? '\r\n' : draw.one(['\n', '\r', '']);
    parts.push(Buffer.from(`--${boundary}${line}content-disposition: ${disposition}\r\n${type}${further}${line}`));
    parts.push(isFile ? contentOf(draw) : Buffer.from(draw.chance(0.8) ? draw.one(VALUES) : draw.text(draw.below(50))));
    parts.push(Buffer.from(line));
  }
  if (draw.chance(0.85)) parts.push(Buffer.from(`--${boundary}--${draw.one(['\r\n', '', '--', '\r\nepilogue'])}`));
  const sent = draw.chance(0.9) ? boundary : draw.text(5);
  const type = draw.one([
    `multipart/form-data; boundary=${sent}`,
    `multipart/form-data; boundary=${sent}`,
    `multipart/form-data; boundary=${sent}`,
    `multipart/form-data; boundary="${sent}"`,
    'multipart/form-data',
    'multipart/form-data; boundary=',
    `Multipart/Form-Data;\tboundary=${sent}`,
    `multipart/mixed; boundary=${sent}`,
  ]);
  return { bytes: Buffer.concat(parts), type };
}

/** Recordings and documents, whole, cut and with bytes changed; and noise behind each known beginning. */
function contentOf(draw: Draw): Buffer {
  const kind = draw.below(6);
  if (kind === 0) return WAV;
  if (kind === 1) return WAV.subarray(0, draw.below(WAV.length));
  if (kind === 2) return flipped(draw, WAV.subarray(0, 2000));
  if (kind === 3) return draw.bytes(draw.below(400));
  const starts = [
    PNG,
    '%PDF-1.7\n',
    'OggS',
    'fLaC',
    'ID3',
    'RIFF',
    '\x1aE\xdf\xa3',
    '\xff\xd8\xff',
    'GIF89a',
    'II*\0',
    '<svg ',
    'PK\x03\x04',
  ];
  const start = draw.one(starts);
  return Buffer.concat([typeof start === 'string' ? Buffer.from(start, 'latin1') : start, draw.bytes(draw.below(500))]);
}

const PATHS = [
  '/v1/audio/transcriptions',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/documents',
  '/v1/documents?format=text&stream=true',
  '/v1/documents?pages=1-2&pages=3&%ff=%',
  '/v1/models/%E0%A4%A',
  '/v1/models/..%2f..%2fetc',
  '/v1/models',
  '/readyz',
  '/metrics',
  '/',
  '//',
  '/docs/../../x',
  '*',
  'http://evil.example/v1/models',
  `/${'a'.repeat(5000)}`,
];

function headOf(draw: Draw, { bytes, type }: Body): string {
  const method = draw.chance(0.85)
    ? 'POST'
    : draw.one(['GET', 'PUT', 'OPTIONS', 'HEAD', 'TRACE', 'DELETE', 'BREW', 'post']);
  const lines = [`${method} ${draw.one(PATHS)} HTTP/${draw.chance(0.97) ? '1.1' : draw.one(['1.0', '2.0', '9'])}`];
  lines.push(
    `host: ${draw.chance(0.93) ? 'localhost' : draw.one(['', 'evil.example', 'a b', 'localhost:99999999', '[::1'])}`,
  );
  if (type !== '') lines.push(`content-type: ${type}`);
  const chunked = draw.chance(0.05);
  if (chunked) lines.push('transfer-encoding: chunked');
  else if (draw.chance(0.95)) lines.push(`content-length: ${bytes.length}`);
  else lines.push(`content-length: ${draw.one(['-1', '1e3', '99999999999999', '5, 6', String(bytes.length + 7)])}`);
  if (draw.chance(0.1)) lines.push(`x-deadline-ms: ${draw.one(['0', '1.5', 'soon', '99999999999'])}`);
  if (draw.chance(0.05)) lines.push(`content-encoding: ${draw.one(['gzip', 'br', 'identity', ''])}`);
  if (draw.chance(0.05)) lines.push(`origin: ${draw.one(['null', 'http://localhost', 'https://evil.example', ':::'])}`);
  if (draw.chance(0.05))
    lines.push(`authorization: ${draw.one(['Bearer', 'Bearer  x', 'Basic ::', 'x'.repeat(2000)])}`);
  if (draw.chance(0.05)) lines.push(`x-request-id: ${draw.one(['ok-1', 'a b', '\u00ff', 'x'.repeat(500)])}`);
  if (draw.chance(0.03)) lines.push(`x-long: ${'x'.repeat(9000)}`);
  if (draw.chance(0.02)) lines.push('expect: 100-continue');
  if (draw.chance(0.02)) lines.push('no colon here');
  if (draw.chance(0.02)) lines.push('upgrade: websocket', 'connection: upgrade');
  else lines.push('connection: close');
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function flipped(draw: Draw, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i <= draw.below(8) && copy.length > 0; i++) copy[draw.below(copy.length)] = draw.below(256);
  return copy;
}

class Draw {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  chance(share: number): boolean {
    return this.#random.unit() < share;
  }

  below(count: number): number {
    return this.#random.below(count);
  }

  one<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  text(length: number): string {
    return this.bytes(length).toString('latin1');
  }
}
