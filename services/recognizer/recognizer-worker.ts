import { serveWorker } from '../transport/worker-thread.ts';
import { type AnyRecognizer, RecognizerService } from './recognizer-service.ts';

/** Entry of the recognizer's worker thread; the module that it loads makes the recognizer. */

/** What that module exports. `config` is what came with the module's name; the module knows its shape. */
export interface RecognizerModule {
  createRecognizer(config: unknown): Promise<AnyRecognizer & { dispose?(): Promise<void> | void }>;
}

await serveWorker<RecognizerModule>(async (module, config) => {
  const recognizer = await module.createRecognizer(config);
  const service = new RecognizerService(recognizer);
  return {
    serve: (_role, channel) => void service.serve(channel),
    liveRefusal: () => ('liveRefusal' in recognizer ? (recognizer.liveRefusal?.() ?? null) : null),
    close: () => recognizer.dispose?.(),
  };
});
