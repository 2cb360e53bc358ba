import { type WorkerModule, WorkerThread } from '../transport/worker-thread.ts';

/** Starts the thread of a recognizer; `connect('combiner')` gives a channel to it. */
export function startRecognizerThread(module: WorkerModule): WorkerThread {
  return new WorkerThread(new URL('./recognizer-worker.js', import.meta.url), module);
}
