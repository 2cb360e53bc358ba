/** Looks at the service every few seconds, from outside. */
import { exchange } from './http-client.ts';
import { type ProcessSample, sampleProcesses } from './process-probe.ts';
import type { ServiceProcess } from './service-process.ts';

export interface Sample {
  /** Seconds since the sampler began. */
  readonly atS: number;
  readonly processes: readonly ProcessSample[];
  /** Time of `GET /healthz`: what the event loops of the service and of this process make others wait. */
  readonly healthMs: number;
  /** Requests that run and wait, speech and pages together. */
  readonly running: number;
  readonly waiting: number;
  readonly temporaryFiles: number;
}

export class Sampler {
  /** Those that the timer took. */
  readonly samples: Sample[] = [];
  readonly #service: ServiceProcess;
  readonly #startedMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(service: ServiceProcess) {
    this.#service = service;
  }

  start(intervalMs: number): void {
    this.#timer = setInterval(async () => {
      // A service that does not answer must not pile up looks.
      if (this.#looking) return;
      this.#looking = true;
      this.samples.push(await this.look());
      this.#looking = false;
    }, intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async look(): Promise<Sample> {
    const { pid, port } = this.#service;
    const atS = (performance.now() - this.#startedMs) / 1000;
    const processes = sampleProcesses(pid);
    const startedMs = performance.now();
    await exchange(port, { method: 'GET', path: '/healthz' });
    const healthMs = performance.now() - startedMs;
    const text = (await exchange(port, { method: 'GET', path: '/metrics' }))?.text ?? '';
    return {
      atS,
      processes,
      healthMs,
      running: gauge(text, 'bytefuse_queue_running'),
      waiting: gauge(text, 'bytefuse_queue_waiting'),
      temporaryFiles: this.#service.temporaryFiles().length,
    };
  }
}

/** Sum of a gauge over its labels, in the text format of Prometheus. */
export function gauge(text: string, name: string): number {
  const values = [...text.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)].filter(([, found]) => found === name);
  return values.reduce((sum, [, , value]) => sum + Number(value), 0);
}

/** Roles that keep one process for as long as nothing crashes; decoders of documents come and go. */
export const STEADY_ROLES = ['server', 'speech', 'page', 'combiner', 'standby'];

/** Processes of a role that another one took the place of, or that were gone at the end. */
export function replacements(samples: readonly Sample[], role: string): number {
  const pids = samples.map(({ processes }) => processes.find((one) => one.role === role)?.pid);
  return pids.slice(1).filter((pid, i) => pids[i] !== undefined && pid !== pids[i]).length;
}
