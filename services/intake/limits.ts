/** Bounds of documents coming in, each with its reason. */

/** A scanned book of 300 colour pages has some 150 MB; twice that leaves room, and still fits a small machine's disk. */
export const DOCUMENT_BYTES_MAX = 512 * 1024 * 1024;
/** A1 at 200 dpi has 31 million pixels and A4 at 800 dpi 62: larger than any page that was scanned to be read. */
export const PAGE_PIXELS_MAX = 64_000_000;
/** Beyond this a side is no page; WebP ends at 16,383 and AGG, the renderer inside PDFium, at 32,767. */
export const PAGE_SIDE_PX_MAX = 32_000;
/** Pages of one request: the thickest books. More is a batch, which is better cut. */
export const PAGES_MAX = 2000;
/** Pages that a file may have at all, read or not: above it, only counting them costs something. */
export const FILE_PAGES_MAX = 100_000;
/** Resolution at which PDF pages are drawn unless told otherwise: letters of 8 points are 22 pixels high. */
export const PDF_DPI_DEFAULT = 200;
/** Below this resolution print is not legible, so a page that only fits at less is refused. */
export const PDF_DPI_MIN = 72;
/** Above this resolution no detail comes in that a recognizer could use. */
export const PDF_DPI_MAX = 1200;
/** Characters of one page's text layer: a page of the smallest print has 20,000. */
export const TEXT_LAYER_CHARS_MAX = 100_000;
/** Objects of a page that are searched for images: drawings have tens of thousands, and images come early in scans. */
export const PAGE_OBJECTS_MAX = 20_000;
/** Opening counts pages and reads headers: seconds only for the largest files on the slowest disks. */
export const OPEN_MS_MAX = 30_000;
/** A page of 64 million pixels takes about 3 s to decode (AVIF, one thread); slow machines get a generous multiple. */
export const PAGE_MS_MAX = 60_000;
/** Starting a decoder takes a quarter of a second; a machine that swaps takes longer. */
export const START_MS_MAX = 20_000;
/** Resident memory of a decoder: a page of 64 million pixels in the worst format that is read stays below. */
export const DECODER_MEMORY_BYTES_MAX = 1536 * 1024 * 1024;
/** Of a decoder's memory, what PDFium's own heap may take; the rest is for the runtime and the page on its way out. */
export const PDF_HEAP_SHARE_MAX = 0.6;
/** JavaScript heap of a decoder: pixels are outside of it, so only text layers and lists of pages are inside. */
export const DECODER_HEAP_MEGABYTES_MAX = 192;
/** How often a decoder's memory is looked at while it works: in this time it can grow by some 100 MB at most. */
export const MEMORY_CHECK_MS = 25;
/** Decoders that work at once: one per open document, and each takes a core while it decodes. */
export const DECODERS_MAX = 2;
/** A decoder that has served this many documents is replaced: leaks of native code stay small. */
export const DECODER_DOCUMENTS_MAX = 200;
/** A decoder that rests on more memory than this is replaced; at rest one has 70 to 250 MB. */
export const DECODER_IDLE_BYTES_MAX = 512 * 1024 * 1024;
/** Control messages of a decoder are a few hundred bytes. */
export const MESSAGE_BYTES_MAX = 65_536;
