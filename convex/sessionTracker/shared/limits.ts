/** What operators' functions take and answer in one call. Alone, so that the CLI knows it at once. */

/** Erasures that hooks owe are counted so far. */
export const DEBTS_COUNTED = 100;
