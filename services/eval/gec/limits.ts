/** Bounds of correction scoring, each with its reason. */

/** Cells of one alignment table (source tokens + 1) x (hypothesis tokens + 1): 4,000 tokens a side, some 200 MB in all. */
export const ALIGNMENT_CELLS_MAX = 2 ** 24;

/** Vertices of a lattice whose merged edits are listed pair by pair, in square tables: 2,048 of them take 16 MB. */
export const LATTICE_VERTICES_MAX = 2048;

/** Edges listed before the scorer turns to the search without a list: a third of a second, 30 rewritten tokens in a row. */
export const LATTICE_EDGES_MAX = 2 ** 18;

/** Equally cheap alignments per sentence, which double with each tie: of 3,604 learner pairs one had 2,400, 36 over 72. */
export const TIED_ALIGNMENTS_MAX = 2 ** 14;

/** Annotators of one sentence in an M2 file: the largest published sets have 18; each costs a search of the lattice. */
export const ANNOTATORS_MAX = 64;

/** Largest annotator number, so that a misplaced field is not taken for one. */
export const ANNOTATOR_ID_MAX = 9999;
