/** What the service counts, as Prometheus reads it. One registry per service: two services in a process share nothing. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ProcessMetrics } from './process-metrics.ts';
import { SocketMetrics } from './socket-metrics.ts';

/** Seconds: from a health check to the longest recording. */
const REQUEST_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800];
/** Seconds of one stage; a line's search takes milliseconds. */
const STAGE_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 100, 600];

/** Where time goes: of a request (upload, queue, work, write), and of the models within the work. */
export type Stage =
  | 'upload'
  | 'queue'
  | 'work'
  | 'write'
  | 'encode'
  | 'recognize'
  | 'llm'
  | 'decode'
  | 'detect'
  | 'orient'
  | 'search';

export type QueueName = 'speech' | 'page';

export interface QueueDepth {
  readonly running: number;
  readonly waiting: number;
}

export class ServiceMetrics {
  readonly registry = new Registry();
  readonly sockets = new SocketMetrics(this.registry);
  readonly processes = new ProcessMetrics(this.registry);
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #stages: Histogram<'stage'>;
  readonly #errors: Counter<'code'>;
  readonly #uploadBytes: Counter;
  readonly #audioSeconds: Counter;
  readonly #pages: Counter;
  readonly #pixels: Counter;
  readonly #depths: Partial<Record<QueueName, () => QueueDepth>> = {};

  constructor(residentBytes: () => number = () => process.memoryUsage.rss()) {
    const registers = [this.registry];
    this.#requests = new Histogram({
      name: 'bytefuse_http_request_seconds',
      help: 'Time of requests, from the first byte to the last of the answer.',
      labelNames: ['route', 'method', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.#stages = new Histogram({
      name: 'bytefuse_stage_seconds',
      help: 'Time by stage: of a request (upload, queue, work, write), and of the models within work.',
      labelNames: ['stage'],
      buckets: STAGE_BUCKETS,
      registers,
    });
    this.#errors = new Counter({
      name: 'bytefuse_errors_total',
      help: 'Refused and failed requests by error code.',
      labelNames: ['code'],
      registers,
    });
    this.#uploadBytes = new Counter({ name: 'bytefuse_upload_bytes_total', help: 'Bytes taken in.', registers });
    this.#audioSeconds = new Counter({
      name: 'bytefuse_audio_seconds_total',
      help: 'Decoded audio, of recordings and live.',
      registers,
    });
    this.#pages = new Counter({ name: 'bytefuse_pages_total', help: 'Pages read.', registers });
    this.#pixels = new Counter({ name: 'bytefuse_pixels_total', help: 'Pixels of pages read.', registers });
    this.#depthGauge('bytefuse_queue_waiting', 'Requests that wait for a model.', ({ waiting }) => waiting);
    this.#depthGauge('bytefuse_queue_running', 'Requests in the models.', ({ running }) => running);
    new Gauge({
      name: 'bytefuse_resident_bytes',
      help: 'Resident memory of the process that serves.',
      registers,
      collect() {
        this.set(residentBytes());
      },
    });
  }

  /** `route` is the pattern, never the address as sent: its values are few. */
  request(route: string, method: string, status: number, ms: number): void {
    this.#requests.observe({ route, method, status: String(status) }, ms / 1000);
  }

  stage(stage: Stage, ms: number): void {
    this.#stages.observe({ stage }, ms / 1000);
  }

  error(code: string): void {
    this.#errors.inc({ code });
  }

  uploaded(bytes: number): void {
    this.#uploadBytes.inc(bytes);
  }

  heard(seconds: number): void {
    this.#audioSeconds.inc(seconds);
  }

  page(pixels: number): void {
    this.#pages.inc();
    this.#pixels.inc(pixels);
  }

  /** The queue is asked whenever somebody reads the figures. */
  watchQueue(name: QueueName, depth: () => QueueDepth): void {
    this.#depths[name] = depth;
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  #depthGauge(name: string, help: string, pick: (depth: QueueDepth) => number): void {
    const depths = this.#depths;
    new Gauge({
      name,
      help,
      labelNames: ['queue'],
      registers: [this.registry],
      collect() {
        for (const [queue, depth] of Object.entries(depths)) this.set({ queue }, pick(depth()));
      },
    });
  }
}
