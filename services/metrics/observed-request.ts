import type { RequestTrace } from '../traces/tracing.ts';
import type { ServiceMetrics, Stage } from './service-metrics.ts';

/** One request as operators see it. Times are told here, once, and reach both the figures and the trace. */
export class ObservedRequest {
  readonly #metrics: ServiceMetrics;
  readonly #trace: RequestTrace;

  constructor(metrics: ServiceMetrics, trace: RequestTrace) {
    this.#metrics = metrics;
    this.#trace = trace;
  }

  /** A stage that ends now. */
  stage(stage: Stage, ms: number): void {
    this.#metrics.stage(stage, ms);
    this.#trace.stage(stage, ms);
  }

  /** Once. `route`: its pattern; `left`: the client went before its answer was through, and `status` was not sent. */
  end(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly left: boolean;
    readonly ms: number;
    readonly code: string | undefined;
  }): void {
    const { route, method, status, left, ms, code } = request;
    this.#metrics.request(route, method, status, ms);
    this.#trace.end({ status: left ? null : status, code });
  }
}
