/**
 * The limits of one call of an operator's function, and of one page of a run. This file has no validators and no
 * imports, so that the CLI and visitors' functions can read the limits without loading what else there is.
 */

/** The most rows of a list: sessions, actions of a session, changes of the settings, debts of hooks. */
export const MAX_LISTED = 1_000;
/** The most rows of the list of runs, whose rows are large. */
export const MAX_LISTED_RUNS = 200;
/** The most webhooks of a deployment: each event reads all of them. */
export const MAX_WEBHOOKS = 20;
/** The most rows of the list of deliveries: each has up to 20 answers. */
export const MAX_LISTED_DELIVERIES = 200;
/** The most fires of a schedule in one preview. */
export const MAX_FIRES = 100;
/** The most sessions that a count of due sessions, or of one bar of a histogram, goes up to. */
export const MAX_COUNTED = 4_000;
/** The most days of figures in one call; each has up to eleven rows, and a query may read 32,000. */
export const MAX_DAYS = 1_100;
/** The most rows that the entry sources of visits are counted from. */
export const MAX_SOURCE_ROWS = 4_000;
/** The most debts of hooks that `status` counts. */
export const DEBTS_COUNTED = 100;

/**
 * The most sessions, and the most visits and actions of them, in one call of an import; a larger import takes
 * several calls. A row that changes a live session takes up to nine of the 4,096 read intervals of a
 * transaction: five queries, one of them for an erasure, a read of each of the two rows that it patches, and two
 * for the day of a visit that it closes.
 */
export const MAX_IMPORT_ROWS = 400;
export const MAX_IMPORT_ACTIONS = 2_000;
/** The most days in one call of an import: each takes up to two read intervals. */
export const MAX_IMPORT_DAYS = 500;

/**
 * The most deletes of one page. The real backend takes one read interval for each delete by id and allows
 * 4,096 in a transaction (`crates/database/src/transaction.rs`); the others are for the reads of the page
 * and the work of the chain.
 */
export const MAX_DELETES_PER_PAGE = 3_000;
