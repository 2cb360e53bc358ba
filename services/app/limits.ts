/** Bounds of the services room, each with its reason. */

/** Threads of one process: above this ONNX Runtime only loses time on matrices of these sizes. */
export const THREADS_MAX = 256;

/** Recordings under way at once in one process: each holds a window of audio and its caches, some tens of megabytes. */
export const JOBS_MAX = 16;

/** A deadline is for hanging work; a day is longer than the longest recording takes on a slow machine. */
export const DEADLINE_SECONDS_MAX = 86_400;
