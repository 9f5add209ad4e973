/** Output of `import FILE` */
export interface ImportJson {
  /** Valid rows that were read; each is counted once below. */
  rows: number;
  /** Number of sessions that were new. */
  created: number;
  /** Number of sessions that were there, and have been added to. */
  merged: number;
  /** Number that were there as they are in the file. */
  unchanged: number;
  /** Rows of visitors who were forgotten since, and stay so. */
  erased: number;
  /** Finished visits that were not there before. */
  visits: number;
  /** Actions that were not there before. */
  actions: number;
  /** Days with figures: those whose figures were raised to those of the file, and the others. */
  days: { changed: number; unchanged: number };
  /** Number of lines that are not as they must be. */
  invalid: number;
  /** Number of rows that are older than the retention. */
  olderThanRetention: number;
}

/** Output of `export FILE` */
export interface ExportJson {
  /** The path of the file. */
  file: string;
  /** Number of sessions written. */
  sessions: number;
  /** Finished visits; the visits under way are in their sessions. */
  visits: number;
  /** Number of actions written. */
  actions: number;
  /** Days with figures, each a line. */
  days: number;
  /** Lines written; a session with very many visits or actions takes several. */
  lines: number;
}
