/** Output of `import FILE` */
export interface ImportJson {
  /** Valid rows that were read; each is counted once below. */
  rows: number;
  created: number;
  merged: number;
  unchanged: number;
  /** Rows of visitors who were forgotten since, and stay so. */
  erased: number;
  /** Finished visits that were not there before. */
  visits: number;
  /** Actions that were not there before. */
  actions: number;
  /** Days with figures: those whose figures were raised to those of the file, and the others. */
  days: { changed: number; unchanged: number };
  invalid: number;
  olderThanRetention: number;
}

/** Output of `export FILE` */
export interface ExportJson {
  file: string;
  sessions: number;
  /** Finished visits; the visits under way are in their sessions. */
  visits: number;
  actions: number;
  /** Days with figures, each a line. */
  days: number;
  /** Lines written; a session with very many visits or actions takes several. */
  lines: number;
}
