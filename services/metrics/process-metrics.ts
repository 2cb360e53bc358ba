import { Counter, Gauge, type Registry } from 'prom-client';
import { residentBytes } from '../intake/process-memory.ts';
import type { SupervisorEvent } from '../supervisor/supervisor.ts';

/** What is counted of the models' processes, by role. */
export class ProcessMetrics {
  readonly #starts: Counter<'role'>;
  readonly #crashes: Counter<'role'>;
  readonly #pids = new Map<string, number>();

  /** `bytesOf`: resident memory of a process; 0 where it is gone. */
  constructor(registry: Registry, bytesOf: (pid: number) => Promise<number> = residentBytes) {
    const registers = [registry];
    const pids = this.#pids;
    this.#starts = new Counter({
      name: 'bytefuse_model_process_starts_total',
      help: 'Model processes that were started: beyond the first of a role, restarts.',
      labelNames: ['role'],
      registers,
    });
    this.#crashes = new Counter({
      name: 'bytefuse_model_process_crashes_total',
      help: 'Model processes that ended without being told to.',
      labelNames: ['role'],
      registers,
    });
    new Gauge({
      name: 'bytefuse_model_process_resident_bytes',
      help: 'Resident memory of the model process.',
      labelNames: ['role'],
      registers,
      // Asked whenever somebody reads the figures: some 20 microseconds a process on Linux.
      async collect() {
        this.reset();
        for (const [role, pid] of pids) this.set({ role }, await bytesOf(pid));
      },
    });
  }

  take(event: SupervisorEvent): void {
    const { kind, role } = event;
    if (kind === 'spawned') {
      this.#starts.inc({ role });
      if (event.pid !== undefined) this.#pids.set(role, event.pid);
    } else if (kind === 'exited') {
      if (event.crash) this.#crashes.inc({ role });
      this.#pids.delete(role);
    }
  }
}
