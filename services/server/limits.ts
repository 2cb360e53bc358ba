/** Bounds of the HTTP service, each with its reason. `config.ts` says which of them a flag or a variable overrides. */

/** Bytes of one upload: twelve hours of MP3 at 96 kbit/s, or a scanned book; and what a small machine's disk can spare. */
export const UPLOAD_BYTES_MAX = 512 * 1024 * 1024;
/** Decoded seconds of one recording: four hours is longer than what people record in one go, and hours of silence cost little to send. */
export const AUDIO_SECONDS_MAX = 4 * 3600;
/** Pixels of one page: A4 at 600 dpi has 35 million; what is above is a plan or an attack. */
export const PIXELS_MAX = 48_000_000;
/** Pages of one request: a thick report. Longer documents are cut by `pages`, so that no request holds a slot for hours. */
export const PAGES_MAX = 500;
/** Fields of a form: twice the number that is known, so that lists (keywords[]) have room. */
export const FIELDS_MAX = 128;
/** Bytes of one field: a prompt of several pages, or the fields of a form to read. */
export const FIELD_BYTES_MAX = 65_536;
/** Bytes of a field's name: the longest known one has 32. */
export const FIELD_NAME_BYTES_MAX = 100;
/** Headers of one part of a form: clients send two or three. */
export const PART_HEADERS_MAX = 16;
/** Bytes of the headers of one part: a long name of a file, some times over. */
export const PART_HEADER_BYTES_MAX = 16_384;
/** Bytes of a form beside its file and fields: boundaries and headers of parts, each some hundred bytes. */
export const FORM_OVERHEAD_BYTES_MAX = 256 * 1024;
/** Bytes of a request's address and its headers, names and values: ours are short, but a browser sends every cookie of localhost. */
export const HEADER_BYTES_MAX = 16_384;
/** Characters of an address: queries of documents have 200; a whole file in a query is a mistake. */
export const URL_CHARS_MAX = 4096;
/** Requests with an upload at once, waiting or running: each holds a temporary file and some buffers. */
export const REQUESTS_MAX = 64;
/** Requests of one kind in the models at once: they share the cores, so more of them only makes each slower. */
export const RUNNING_MAX = 2;
/** Requests of one kind that wait for a model: above it a newcomer would wait for minutes and is better told so. */
export const WAITING_MAX = 32;
/** Of those, requests of one key: a quarter, so that no key can fill the queue alone. */
export const WAITING_PER_KEY_MAX = 8;
/** Open sockets: several for each request that may run, for browsers keep six. */
export const SOCKETS_MAX = 512;
/** Of those, and of the WebSockets, the share of one address: a quarter, so that it takes several to shut others out. */
export const ADDRESS_SHARE = 0.25;
/** Connections beyond that share that may wait for an answer that says so: a few; the others are closed at once. */
export const REFUSED_CONNECTIONS_MAX = 16;
/** Time that they have for their request and its answer: a round trip, and a slow one. */
export const REFUSED_MS_MAX = 5_000;
/** Time for all headers to arrive: they are one packet. */
export const HEADERS_MS_MAX = 10_000;
/** Time for a whole request to arrive: the largest upload at 10 Mbit/s takes seven minutes. */
export const REQUEST_MS_MAX = 600_000;
/** How often the two times above are looked at; Node's own half a minute would let a request of seconds take that long. */
export const CONNECTIONS_CHECK_MS = 1_000;
/** Time for an answer that needs no model: they take milliseconds, and a reader of the page may be slow. */
export const HANDLER_MS_MAX = 60_000;
/** The longest time that a timer of Node can have. */
export const TIMER_MS_MAX = 2 ** 31 - 1;
/** Time without a byte of an upload that has begun: a lossy mobile link recovers in seconds. */
export const UPLOAD_IDLE_MS_MAX = 30_000;
/** Time that a connection may rest between requests: proxies in front usually close theirs after 60 s. */
export const KEEP_ALIVE_MS = 65_000;
/** Time from the first byte to the last of an answer: four hours of audio on a slow machine, once over. */
export const DEADLINE_MS_MAX = 4 * 3_600_000;
/** Time in which a reader takes nothing of an answer: then it is cut off, and its work stopped: a model works for nobody. */
export const SLOW_READER_MS_MAX = 30_000;
/** Bytes of events that wait for their reader: an event of a page is some hundred KiB, and hundreds of readers are possible. */
export const EVENT_BYTES_MAX = 4 * 1024 * 1024;
/** Pause in events after which a comment is sent, so that proxies (60 s, usually) hold the connection. */
export const HEARTBEAT_MS = 15_000;
/** Time that running requests have to finish once the service is told to end: below the 30 s of container managers. */
export const DRAIN_MS_MAX = 20_000;
/** Time that aborted work has to put its things away: freeing caches and files takes milliseconds. */
export const ABORT_MS_MAX = 3_000;
/** Time that traces have to reach their collector when the service ends: it stands nearby, or is not there. */
export const TRACES_FLUSH_MS_MAX = 3_000;
/** Bytes of a refused upload that are still taken in, so that its sender reads the answer instead of a broken pipe. */
export const LINGER_BYTES_MAX = 8 * 1024 * 1024;
/** Time that a refused upload is still listened to; long enough for a sender on the same network. */
export const LINGER_MS_MAX = 2_000;
/** Once the work of an ending service is done or called off, answers have so long to arrive; then all connections are cut. */
export const HANG_UP_MS = 3_000;
/** Once the time to drain is over, a service has so long to end, then its process ends by force: in all below those 30 s. */
export const EXIT_MS_MAX = 9_000;
/** How often certificate and key are looked at: they are renewed weeks before they expire. */
export const TLS_FILES_LOOK_MS = 60_000;
/** Longest time that a client is told to wait: beyond a minute an estimate means nothing. */
export const RETRY_AFTER_S_MAX = 60;
/** A PDF is written anew as a whole in memory (its text over its pages); what is larger is refused for that format. */
export const OVERLAY_BYTES_MAX = 128 * 1024 * 1024;
