/** Output of `doctor` */
export interface DoctorJson {
  /** Whether no finding is a problem. */
  healthy: boolean;
  /** What was found. */
  findings: FindingJson[];
}

/** Something that was found. */
export interface FindingJson {
  /** What was looked at. */
  check: string;
  /** `skipped`: it could not be looked at because of another finding, or needs `--deep`. */
  result: "ok" | "warning" | "problem" | "fixed" | "skipped";
  /** A sentence for people. */
  message: string;
  /** The advice on the finding. */
  remedy?: string;
}
