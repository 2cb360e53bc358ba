/** Bounds of field constraints, each with its reason. */

/** Characters of a pattern: a pattern that people write and read; longer ones are lists in disguise. */
export const PATTERN_LEN_MAX = 1_000;
/** Depth of groups in a pattern: the parser calls itself once per group. */
export const PATTERN_DEPTH_MAX = 50;
/** Highest count in {m,n}: each repetition is a copy of the states inside. */
export const REPEAT_MAX = 500;
/** States of a pattern before it is made deterministic: bounds what {m,n} within {m,n} can multiply to. */
export const NFA_STATES_MAX = 20_000;
/** States of an automaton: subset construction may double them with every character of a pattern. */
export const DFA_STATES_MAX = 10_000;
/** Values of a closed list: a register of call signs or of part numbers; a dictionary would be a language model. */
export const LIST_VALUES_MAX = 20_000;
/** Bytes of one value of a list: longer than any line of print, and the builder calls itself once per byte. */
export const LIST_VALUE_BYTES_MAX = 500;
