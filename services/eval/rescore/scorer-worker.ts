import { serveWorker } from '../../transport/worker-thread.ts';
import { serveScorer } from './scorer-messages.ts';
import type { TextScorer } from './text-scorer.ts';

/** Entry of the thread that judges whole texts; the module that it loads brings the model. */

/** What that module exports. `config` is the WorkerModule's; the module knows its shape. */
export interface TextScorerModule {
  openTextScorer(config: unknown): Promise<TextScorer> | TextScorer;
}

await serveWorker<TextScorerModule>(async (module, config) => {
  const scorer = await module.openTextScorer(config);
  return {
    serve: (_, channel) => serveScorer(channel, scorer),
    close: () => scorer.close(),
  };
});
