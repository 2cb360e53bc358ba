/** Bounds of the WebSocket sessions, each with its reason. docs/streaming.md repeats those that a client must know. */

/** Connections in all: each may hold 10 s of audio and a session of the recognizer; two cores hear far fewer at once. */
export const SOCKETS_MAX = 64;
/** Connections of one key: a quarter, so that no key can shut the others out. */
export const SOCKETS_PER_KEY_MAX = 16;
/** Connections that have not shown their key yet, gone after FIRST_MESSAGE_MS_MAX: a quarter, so that places stay for proved keys. */
export const STRANGERS_MAX = 16;
/** Sessions that wait for their lost client to come back: each still holds a stream of the recognizer for a while. */
export const PARKED_MAX = 32;

/** Characters of base64 audio in one event of the realtime dialects: what their documentation promises. */
export const APPEND_CHARS_MAX = 15 * 1024 * 1024;
/** One message there: the audio and the JSON around it. */
export const REALTIME_MESSAGE_BYTES_MAX = APPEND_CHARS_MAX + 65_536;
/** One message of the native protocol: 2.7 s of 48 kHz stereo as float32; clients send tenths of a second. */
export const STREAM_MESSAGE_BYTES_MAX = 1024 * 1024;
/** Fragments of one message: libraries cut at some 64 KiB, and many small ones are an attack. */
export const FRAGMENTS_MAX = 64;
/** Pieces of input that wait in the library, for the same reason: a large message comes in some hundred reads. */
export const BUFFERED_CHUNKS_MAX = 4096;
/** Bytes of the subprotocol header: a key of 512 characters and some names. */
export const PROTOCOLS_CHARS_MAX = 1024;
/** Characters of a presented key: ours have 46. */
export const KEY_CHARS_MAX = 512;
/** Characters of the query: options of /v1/fuse with a prompt and keywords. */
export const QUERY_CHARS_MAX = 8192;

/** Messages a second: audio in pieces of 2.5 ms makes 400; more are bytes without content. */
export const MESSAGES_PER_SECOND_MAX = 2000;
/** Of those, others than audio: a turn has a handful. */
export const CONTROLS_PER_SECOND_MAX = 50;

/** Audio that waits for the recognizer, above which the socket is no longer read: some passes of a slow machine. */
export const WAITING_SECONDS_HIGH = 10;
/** And below which it is read again: half, so that reading does not stop and go with each chunk. */
export const WAITING_SECONDS_LOW = 5;
/** The same for compressed audio, in bytes: Opus for speech has 3 to 8 KB a second. */
export const WAITING_BYTES_HIGH = 65_536;
/** And below which it is read again: half, as for decoded audio. */
export const WAITING_BYTES_LOW = 32_768;
/** Time that a socket may stay unread: then the recognizer does not keep up, and waiting helps no one. */
export const STALL_MS_MAX = 60_000;
/** Settings of one realtime session that wait for the audio before them: each is a stream of the recognizer. */
export const EPOCHS_WAITING_MAX = 8;

/** A ping is sent this often; who has not answered by the next one is gone. */
export const PING_INTERVAL_MS = 20_000;
/** Time without a message: clients that pause send silence, and a session costs memory of the recognizer. */
export const IDLE_MS_MAX = 60_000;
/** Time for `start` after the connection. */
export const FIRST_MESSAGE_MS_MAX = 10_000;
/** One session: a morning of meetings; longer ones begin anew, so that no session lives for ever. */
export const SESSION_MS_MAX = 4 * 3_600_000;
/** How long a session outlives its connection: a phone that changes its network needs seconds. */
export const RESUME_MS_MAX = 60_000;
/** How often keys of open sessions are looked at: keys are remembered for a second, so none is good for two. */
export const ADMISSION_CHECK_MS = 500;
/** A session whose connection is silent for so long may have lost it: microphones send tenths of a second, recorders whole ones. */
export const RETURN_SILENT_MS = 1500;
/** Time to see whether a session falls silent before a newcomer is refused: what was on its way may arrive half a second late. */
export const RETURN_WAIT_MS = 2000;
/** Time for the recognizer to say whether it has room: one inference at most; after it `start` is what asks. */
export const ROOM_ANSWER_MS_MAX = 2000;
/** Time for the closing handshake, and for a peer whose upgrade is refused to read why and hang up. */
export const CLOSE_MS_MAX = 2000;

/** Events that a session keeps for a client that comes back. */
export const LOG_EVENTS_MAX = 2000;
/** Their characters: words and alternatives make an event some kilobytes. */
export const LOG_CHARS_MAX = 2 * 1024 * 1024;
/** Output that waits in a socket, above which events wait in the session and newer hypotheses replace older ones. */
export const OUTPUT_BYTES_COALESCE = 256 * 1024;
/** Output that waits in a socket, above which its reader is too slow: what one reply can have, several times. */
export const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** Keywords: more of them than a prompt has room for. */
export const KEYWORDS_MAX = 256;
/** Characters of a prompt: models look at a few hundred words of it. */
export const PROMPT_CHARS_MAX = 8192;
/** Characters of names that clients choose: identifiers, languages, keywords. */
export const ID_CHARS_MAX = 256;

/** Audio of which it is known when it came: the longest utterance, and what a lagging recognizer has not looked at. */
export const ARRIVALS_WINDOW_S = 90;
/** In steps so fine: clients send hundredths to tenths of a second. */
export const ARRIVALS_STEP_S = 0.02;
