import { serveWorker } from '../transport/worker-thread.ts';
import { CombinerService, type PageSearchFactory, type RankFactory, type SearchFactory } from './combiner-service.ts';

/** Entry of the combiner's worker thread; the module that it loads makes the searches, and loads an LLM if one asks. */

/** What that module exports. `config` is CombinerConfig.search; the module knows its shape. */
export interface SearchModule {
  createSearchFactory(config: unknown): Promise<SearchFactory> | SearchFactory;
  /** Absent where the module ranks no lists of readings. */
  createRankFactory?(config: unknown): Promise<RankFactory> | RankFactory;
  /** Absent where the module searches no pages. */
  createPageSearchFactory?(config: unknown): Promise<PageSearchFactory> | PageSearchFactory;
  /** Frees what the factories hold. */
  dispose?(): Promise<void> | void;
}

export interface CombinerConfig {
  readonly search: unknown;
  /** True while recognizers may dial in: streams wait for one. */
  readonly waitForMore: boolean;
}

/** Who is at the other end of a channel. A local recognizer says hello only once its model is loaded. */
export type CombinerPeerRole = 'application' | 'recognizer' | 'local-recognizer';

/** Loading a large model from a cold disk takes minutes at worst. */
const LOCAL_HELLO_MS_MAX = 600_000;

await serveWorker<SearchModule>(async (module, config) => {
  // local-workers.ts sends this very shape.
  const { search, waitForMore } = config as CombinerConfig;
  const combiner = new CombinerService({
    searchFor: await module.createSearchFactory(search),
    rankFor: await module.createRankFactory?.(search),
    readFor: await module.createPageSearchFactory?.(search),
    waitForMore,
  });
  return {
    serve: (role, channel) => {
      if (role === 'application') {
        combiner.serveCaller(channel);
      } else {
        const helloMsMax = role === 'local-recognizer' ? LOCAL_HELLO_MS_MAX : undefined;
        // What fails here is told to the streams that wait for a recognizer.
        combiner.addRecognizer(channel, helloMsMax).catch(() => undefined);
      }
    },
    close: async () => {
      combiner.close();
      await module.dispose?.();
    },
  };
});
