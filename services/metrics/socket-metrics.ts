import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds of live speech: what a person notices, and what a machine that is too slow makes of it. */
const LIVE_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 5, 10, 30, 60];

/**
 * Times that a speaker waits for: `first_partial` after the start of an utterance, `recognized_final` and `fused_final` after
 * its end, `lag` of a partial behind the newest audio in it. All are counted from when that place of the audio had come.
 */
export type LiveStage = 'first_partial' | 'recognized_final' | 'fused_final' | 'lag';

/** Peers may send any of 4000 numbers: those of RFC 6455 are told apart, the others are one. */
const CLOSE_CODES = new Set([1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013]);

/** What is counted of WebSockets. `route` is one of the addresses that are served. */
export class SocketMetrics {
  readonly #open: Gauge<'route'>;
  readonly #refusals: Counter<'code' | 'status'>;
  readonly #closes: Counter<'route' | 'close_code'>;
  readonly #live: Histogram<'stage'>;
  readonly #shed: Counter<'what'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#open = new Gauge({
      name: 'bytefuse_sockets_open',
      help: 'WebSockets that are open.',
      labelNames: ['route'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'bytefuse_socket_refusals_total',
      help: 'Upgrades that were refused, by error code and HTTP status.',
      labelNames: ['code', 'status'],
      registers,
    });
    this.#closes = new Counter({
      name: 'bytefuse_socket_closes_total',
      help: 'WebSockets that were closed, by close code; 1006: without one.',
      labelNames: ['route', 'close_code'],
      registers,
    });
    this.#live = new Histogram({
      name: 'bytefuse_live_seconds',
      help: 'Live speech: first partial after the start of speech, finals after its end, lag of partials.',
      labelNames: ['stage'],
      buckets: LIVE_BUCKETS,
      registers,
    });
    this.#shed = new Counter({
      name: 'bytefuse_live_shed_total',
      help: 'Times that a live stream began to leave out partials or fusion, or left out nothing again.',
      labelNames: ['what'],
      registers,
    });
  }

  opened(route: string): void {
    this.#open.inc({ route });
  }

  closed(route: string, closeCode: number): void {
    this.#open.dec({ route });
    this.#closes.inc({ route, close_code: CLOSE_CODES.has(closeCode) ? String(closeCode) : 'other' });
  }

  refused(code: string, status: number): void {
    this.#refusals.inc({ code, status: String(status) });
  }

  live(stage: LiveStage, ms: number): void {
    this.#live.observe({ stage }, ms / 1000);
  }

  shed(what: 'partials' | 'fusion' | 'nothing'): void {
    this.#shed.inc({ what });
  }
}
