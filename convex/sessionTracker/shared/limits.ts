/**
 * What operators' functions take, and answer, in one call. Alone, without a validator, so that the CLI
 * knows it at once.
 */

/** Of a list: sessions, actions of a session, changes of the settings, erasures that hooks owe. */
export const MAX_LISTED = 1_000;
/** Of the list of runs, whose rows are large. */
export const MAX_LISTED_RUNS = 200;
/** Fires of a schedule. */
export const MAX_FIRES = 100;
/** Sessions that wait for a run, or that one bar of a histogram stands for, are counted so far. */
export const MAX_COUNTED = 4_000;
/** Erasures that hooks owe are counted so far. */
export const DEBTS_COUNTED = 100;

/**
 * What is larger is imported in several calls. A row that changes a live session takes five of the
 * 4,096 read intervals of a transaction: three queries, and a read of each row it patches.
 */
export const MAX_IMPORT_ROWS = 750;
export const MAX_IMPORT_ACTIONS = 2_000;
