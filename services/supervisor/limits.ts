/** Bounds of the supervised processes, each with its reason. docs/operations.md repeats those that an operator meets. */

/** First wait before a restart: a crash by one input is over at once, so the others should not wait longer. */
export const RESTART_DELAY_MS_FIRST = 100;
/** Longest wait before a restart: the wait doubles up to here while a process crashes without having been steady. */
export const RESTART_DELAY_MS_MAX = 10_000;
/** Crashes within RESTART_WINDOW_MS that are answered by a restart; one more and the role has failed. */
export const RESTARTS_MAX = 5;
/** The time in which crashes are counted: the usual rhythm of supervisors. */
export const RESTART_WINDOW_MS = 60_000;
/** A process that was ready this long is steady: its next crash begins with the shortest wait again. */
export const STEADY_MS = 30_000;
/** A role that spent its restarts is tried once more after this long: whatever was wrong may be over. */
export const COOL_DOWN_MS = 60_000;
/** Loading a large model from a cold disk takes minutes at worst. */
export const START_MS_MAX = 600_000;
/** How often resident memory is looked at: leaks of native code grow over minutes. */
export const MEMORY_CHECK_MS = 5000;
/** A process younger than this is not replaced for its memory: a bound that is too low must not become a loop. */
export const MEMORY_AGE_MS_MIN = 60_000;
/** Resident memory of one model process: the largest models here, converted, stay well below. */
export const PROCESS_MEMORY_BYTES_MAX = 6 * 1024 * 1024 * 1024;
/** Time for what is under way before a process is replaced: short streams finish, long ones move to the next process. */
export const RECYCLE_DRAIN_MS_MAX = 10_000;
/** Time for a process to free its models and end once it was told to; then it gets SIGTERM. */
export const CLOSE_MS_MAX = 3000;
/** Time after SIGTERM until SIGKILL: whatever runs is native code that will not be stopped in another way. */
export const TERMINATE_MS_MAX = 1000;
/** Time after SIGKILL until a process counts as gone: only one that hangs in the system itself takes longer. */
export const KILL_MS_MAX = 5000;

/** Bytes of a Unix socket's path: 108 on Linux with its closing zero, 104 on macOS; the smaller holds everywhere. */
export const SOCKET_PATH_BYTES_MAX = 103;
/** A combiner that could not reach a recognizer tries again after this long, while both are there. */
export const REJOIN_MS = 200;
/** Characters of one line of a process's stderr that are passed on: a stack's first lines say enough. */
export const STDERR_LINE_CHARS_MAX = 500;
/** Lines of stderr of one process that are passed on; a process that writes more has nothing new to say. */
export const STDERR_LINES_MAX = 1000;

/** How long a call waits for its recognizer and a combiner to be there: some restarts in a row. */
export const LINE_WAIT_MS_MAX = 20_000;
/**
 * How long a file waits for the combiner with the language model before it is content with the one without: longer than a
 * replacement in order takes, RECYCLE_DRAIN_MS_MAX and the loading of a model.
 */
export const FUSED_WAIT_MS_MAX = 15_000;
/** A stream is told of a lost peer before the exit of the process is known, or after; this is how far they lie apart. */
export const EXIT_NEWS_MS_MAX = 1000;
/** Crashes on the same input until the call ends with an error: one can be chance. */
export const CRASHES_MAX = 2;
/** Times that a call starts again because a process was replaced in order; each was already given time to finish. */
export const REPLACEMENTS_MAX = 10;
/** Inputs that ended a process twice and are remembered, so that asking again does not do it again. */
export const POISON_MAX = 1000;
/** How long they are remembered: clients that ask again do so within seconds. */
export const POISON_MS = 600_000;
/** Units that a repeated call must get beyond the crash before it no longer counts as suspect: one is looked ahead. */
export const SUSPECT_UNITS = 2;

/** Silence kept per live stream: speech may be found this far behind, where a listener works off all that it has credit for. */
export const TAIL_SILENCE_SECONDS_MAX = 40;
/** Audio kept per live stream, 7.7 MB of samples; the source waits at it, until an utterance that was begun is done. */
export const TAIL_SECONDS_MAX = 120;
/** Audio before an utterance that is replayed with it: the voice detector needs some to find the same start. */
export const TAIL_LEAD_SECONDS = 1;
/** A live stream is tried alone after this many crashes on the same audio, where others crashed with it. */
export const LIVE_CRASHES_MAX = 3;
