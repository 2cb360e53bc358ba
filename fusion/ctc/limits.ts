/** Bounds of the CTC search, each with its reason. */

/** Widest beam over a lattice: wider ones never changed a development line, and each prefix costs rows. */
export const LATTICE_BEAMS_MAX = 64;
/** Frames of one line: 40,000 pixels of text at 8 pixels a frame, far beyond any printed line. */
export const LINE_FRAMES_MAX = 5_000;
/** Lines of one page: a newspaper page has some 2,000; more is a page of noise. */
export const PAGE_LINES_MAX = 10_000;
/** Fields of one request: forms have tens. Each line is compared with each. */
export const FIELDS_MAX = 200;
/** States of one field's automaton times entries, kept per frame by the exact search: keeps a line below 100 MB. */
export const FIELD_STATES_LIVE_MAX = 200_000;
