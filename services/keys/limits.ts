/** Bounds of the keys room, each with its reason. */

/** Keys in one file: all of them are compared at each request, and a thousand comparisons take a tenth of a millisecond. */
export const KEYS_MAX = 1000;
/** Bytes of the file of keys: a thousand keys with long names stay below. */
export const KEY_FILE_BYTES_MAX = 1024 * 1024;
/** Random bytes of a key: guessing 256 bits is out of reach, so the hash need not be slow. */
export const SECRET_BYTES = 32;
/** Characters of what a client presents: keys have 46; anything much longer is no key and is not hashed. */
export const PRESENTED_CHARS_MAX = 256;
/** Characters of a key's name: it stands in a table. */
export const NAME_CHARS_MAX = 64;
/** Budgets that are remembered: three for each key of a full file. */
export const BUDGETS_MAX = 3 * 1000;
/** How long a running service may go on with keys that were revoked: one look at the file a second costs nothing. */
export const RELOAD_MS = 1000;
