/** What all routes share. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../fusion/protocol/deadline.ts';
import type { BudgetLimits, BudgetName, BudgetState, KeyBudgets } from '../keys/key-budgets.ts';
import type { KeyLookup } from '../keys/key-file.ts';
import { ObservedRequest } from '../metrics/observed-request.ts';
import type { ServiceMetrics } from '../metrics/service-metrics.ts';
import type { ServiceConfig } from '../server/config.ts';
import type { EngineDoor } from '../server/engine-door.ts';
import { FairQueue } from '../server/fair-queue.ts';
import { WorkRoom } from '../server/work-room.ts';
import type { TracedRequest, Tracing } from '../traces/tracing.ts';
import { ConnectionCount } from './connection-count.ts';
import type { Caller } from './fastify-types.ts';

export interface ContextParts {
  readonly engine: EngineDoor;
  readonly config: ServiceConfig;
  /** Null: whoever reaches us may. */
  readonly keys: KeyLookup | null;
  readonly budgets: KeyBudgets;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly tracing: Tracing;
}

export class ServiceContext {
  readonly engine: EngineDoor;
  readonly config: ServiceConfig;
  readonly keys: KeyLookup | null;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly tracing: Tracing;
  readonly room: WorkRoom;
  readonly connections: ConnectionCount;
  readonly queues: { readonly speech: FairQueue; readonly page: FairQueue };
  readonly #budgets: KeyBudgets;
  readonly #drains: ((msMax: number) => Promise<void>)[] = [];

  constructor({ engine, config, keys, budgets, clock, metrics, tracing }: ContextParts) {
    this.engine = engine;
    this.config = config;
    this.keys = keys;
    this.clock = clock;
    this.metrics = metrics;
    this.tracing = tracing;
    this.#budgets = budgets;
    const { runningMax, waitingMax, waitingPerKeyMax } = config.limits;
    // Without keys everybody is one owner, whose share is the whole queue.
    const waitingPerOwnerMax = keys === null ? waitingMax : waitingPerKeyMax;
    const queue = () => new FairQueue({ runningMax, waitingMax, waitingPerOwnerMax }, clock);
    this.queues = { speech: queue(), page: queue() };
    this.room = new WorkRoom(config.limits, clock);
    this.connections = new ConnectionCount(config.limits, clock);
    metrics.watchQueue('speech', () => this.queues.speech);
    metrics.watchQueue('page', () => this.queues.page);
  }

  observe(request: TracedRequest): ObservedRequest {
    return new ObservedRequest(this.metrics, this.tracing.begin(request));
  }

  /** Whatever else has to finish when the service ends, beside requests and in the same time. */
  onDrain(drain: (msMax: number) => Promise<void>): void {
    this.#drains.push(drain);
  }

  /** Takes no new work, waits for what runs, ends what runs too long. */
  async drain(): Promise<void> {
    const { drainMsMax } = this.config.limits;
    await Promise.all([this.room.drain(), ...this.#drains.map((drain) => drain(drainMsMax))]);
  }

  /** Throws rate_limited. A key's own limits come before those of the service. */
  spend({ caller }: Pick<FastifyRequest, 'caller'>, name: BudgetName, amount: number): void {
    if (caller === null) return;
    this.#budgets.spend(caller.owner, this.#limitsOf(caller), name, amount);
  }

  /** How a budget of the caller stands; null: not bounded. */
  budget(caller: Caller, name: BudgetName): BudgetState | null {
    return this.#budgets.state(caller.owner, this.#limitsOf(caller), name);
  }

  /** What runs, for whoever wants to know which answer came from what. */
  modelHeaders(): Record<string, string> {
    const { facts } = this.engine;
    if (facts === null) return {};
    const { recognizer, pages, llm, device, providers = {} } = facts;
    const models = Object.entries({ recognizer, pages, llm, device }).filter(([, name]) => name !== null);
    const ran = Object.entries(providers).map(([what, names]) => [`${what}-provider`, names.join(',')]);
    return { 'x-bytefuse-models': [...models, ...ran].map(([what, name]) => `${what}=${name}`).join('; ') };
  }

  #limitsOf({ key }: Caller): BudgetLimits {
    return { ...this.config.budget, ...key?.limits };
  }
}
