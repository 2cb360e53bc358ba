/** Bounds of the network transports, each with its reason. */

/** Fragments of one WebSocket message: ours are never fragmented, other libraries cut at some 64 KiB. */
export const FRAGMENTS_MAX = 64;
/** Buffered pieces of one connection's input, for the same reason. */
export const BUFFERED_CHUNKS_MAX = 4096;
/** Output that may wait in a socket: credits bound it far lower; a peer that reads nothing at all is cut off here. */
export const BUFFERED_BYTES_MAX = 64 * 1024 * 1024;
/** Peers connected to one listener. */
export const CONNECTIONS_MAX = 64;
/** Header bytes of an upgrade request: ours are some 300. */
export const HEADER_BYTES_MAX = 8192;
/** Time for a connection's upgrade to come in, and for ours to be answered. */
export const UPGRADE_MS_MAX = 10_000;
/** A ping is sent this often; a peer that has not answered by the next one is lost. */
export const PING_INTERVAL_MS = 20_000;
/** Time for the closing handshake. */
export const CLOSE_MS_MAX = 2000;
/** A shared key is at most this long; longer ones do not fit a header comfortably. */
export const KEY_CHARS_MAX = 512;
