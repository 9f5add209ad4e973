/** Output of `import FILE` */
export interface ImportJson {
  /** Valid rows that were read; each is counted once below. */
  rows: number;
  created: number;
  merged: number;
  unchanged: number;
  /** Actions that were not there before. */
  actions: number;
  invalid: number;
  olderThanRetention: number;
}

/** Output of `export FILE` */
export interface ExportJson {
  file: string;
  sessions: number;
  actions: number;
  /** Lines written; a session with very many actions takes several. */
  lines: number;
}
