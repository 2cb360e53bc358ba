import { type WorkerModule, WorkerThread } from '../../transport/worker-thread.ts';
import { ChannelTextScorer } from './scorer-messages.ts';
import type { TextScorer } from './text-scorer.ts';

/** Starts a thread with a language model and resolves once it is loaded. Throws AppError: what the module throws. */
export async function startScorerThread(module: WorkerModule): Promise<TextScorer> {
  const thread = new WorkerThread(new URL('./scorer-worker.js', import.meta.url), module);
  try {
    await thread.ready;
  } catch (error) {
    await thread.close();
    throw error;
  }
  const scorer = new ChannelTextScorer(thread.connect('application'));
  return {
    score: (query, signal) => scorer.score(query, signal),
    close: async () => {
      await scorer.close();
      await thread.close();
    },
  };
}
